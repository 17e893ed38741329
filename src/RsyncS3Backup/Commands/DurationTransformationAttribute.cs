using System.Management.Automation;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Takes a duration as configuration files write it (<c>90s</c>, <c>30m</c>, <c>2h</c>). A bare number is refused: PowerShell would take 60 for
/// 60 ticks and '60' for 60 days.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>A text as a duration; what is one already as it is.</summary>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? plain = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (plain is TimeSpan)
            return plain;
        // Unquoted, 90s is the short 90 to PowerShell and 1d the decimal 1; converted to a text they are what was typed.
        string text = plain is string or ValueType ? LanguagePrimitives.ConvertTo<string>(inputData) : $"{plain}";
        return DurationText.TryParse(text, out TimeSpan duration)
            ? duration
            : throw new ArgumentTransformationMetadataException(
                $"'{text}' is not a valid duration. Give a whole number with s, m, h or d ('90s', '30m'), hh:mm:ss, or a TimeSpan.");
    }
}
