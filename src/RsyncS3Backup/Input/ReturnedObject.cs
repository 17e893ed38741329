using System.Collections;
using System.Collections.Frozen;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace RsyncS3Backup.Input;

/// <summary>
/// Makes objects of the module again of what came back as a bag of properties: from another machine, a job of PowerShell or Import-Clixml, where type
/// names begin with <c>Deserialized.</c>; and from ConvertFrom-Json and Import-Csv, where there is no name and the properties tell. Times come as such,
/// as bags or as text, enumerations as names or numbers, durations as such, as bags or as text, and what lay too deep as the text that it shows.
/// </summary>
/// <remarks>
/// What is required of an object and cannot be read makes the whole of it unreadable: a status that nobody understands is not to become the first one of
/// the list, which is a success. A configuration is never read: what another machine says is to be done is not done here.
/// </remarks>
internal static class ReturnedObject
{
    private static readonly FrozenDictionary<EmittedKind, Type> Readable = new[]
    {
        typeof(BackupRun), typeof(BackupResult), typeof(RsyncStageResult), typeof(S3SyncStageResult), typeof(BackupTestResult),
        typeof(BackupJob), typeof(BackupReport),
    }.ToFrozenDictionary(type => Enum.Parse<EmittedKind>(type.Name));

    // Those and their parts.
    private static readonly FrozenDictionary<Type, Shape> Shapes = typeof(BackupResult).Assembly.GetExportedTypes()
        .Where(type => type is { IsClass: true, IsAbstract: false }).ToFrozenDictionary(type => type, type => new Shape(type));

    /// <summary>
    /// An object of the module: the one that is given, or one made of a bag of properties. Null for anything else, and for one of which something that it
    /// must have is not there.
    /// </summary>
    public static object? Read(PSObject item)
    {
        if (item.BaseObject is not PSCustomObject)
            return item.BaseObject.GetType().Assembly == typeof(BackupResult).Assembly ? item.BaseObject : null;
        Type? type = Readable.GetValueOrDefault(Emitted.KindOf(item));
        object? made = type is null ? null : Make(type, item);
        // What ran elsewhere did not run here, whatever its version told of that.
        if (made is not null && item.Properties["HostName"] is null && Emitted.Origin(item) is { } host)
            Shapes[type!].Parts.FirstOrDefault(part => part.Name == "HostName")?.Property.SetValue(made, host);
        return made;
    }

    private static object? Make(Type type, PSObject item)
    {
        object made = Activator.CreateInstance(type)!;
        int missing = Shapes[type].Required;
        // By their names and not one after the other: to enumerate them, PowerShell makes a list of them first.
        foreach (Part part in Shapes[type].Parts)
        {
            if (item.Properties[part.Name] is not { } given)
                continue;
            object? value = Value(given);
            if (TryConvert(value, part.Property.PropertyType, out object? converted))
            {
                part.Property.SetValue(made, converted);
                missing -= part.IsRequired ? 1 : 0;
            }
            else if (part.Property.PropertyType.IsEnum || (Nullable.GetUnderlyingType(part.Property.PropertyType) is { IsEnum: true } && value is not (null or "")))
            {
                return null;
            }
        }

        return missing == 0 ? made : null;
    }

    // A property of a live object may throw when it is asked.
    private static object? Value(PSPropertyInfo property)
    {
        try
        {
            return property.Value;
        }
        catch (GetValueException)
        {
            return null;
        }
    }

    /// <summary>False for what is not there or makes no sense.</summary>
    private static bool TryConvert(object? value, Type type, out object? converted)
    {
        converted = null;
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        object? bare = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        // A sheet has nothing where there was null.
        if (bare is null or "" && plain != typeof(string))
            return false;
        converted = plain switch
        {
            _ when bare is null => null,
            _ when plain.IsInstanceOfType(bare) => bare,
            _ when plain == typeof(string) => bare is IEnumerable or PSObject { BaseObject: PSCustomObject } ? null : Text(bare),
            { IsEnum: true } => Enumeration(bare, plain),
            _ when plain == typeof(DateTimeOffset) => Time(bare),
            _ when plain == typeof(TimeSpan) => Duration(bare),
            { IsPrimitive: true } => Number(bare, plain),
            _ when plain == typeof(decimal) => Number(bare, plain),
            { IsGenericType: true } when plain.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) => List(bare, plain.GetGenericArguments()[0]),
            _ when plain != typeof(BackupConfiguration) && Shapes.ContainsKey(plain) => PartOf(bare, plain),
            _ => null,
        };
        return converted is not null;
    }

    private static object? Enumeration(object value, Type type)
    {
        bool isRead = Enum.TryParse(type, Text(value), ignoreCase: true, out object? member);
        return isRead && Enum.IsDefined(type, member!) ? member : null;
    }

    /// <summary>An instant in whatever form it came back, in this machine's zone; null for what is none.</summary>
    public static DateTimeOffset? Time(object value) => value switch
    {
        DateTimeOffset time => time.ToLocalTime(),
        DateTime time => new DateTimeOffset(time.ToUniversalTime()).ToLocalTime(),
        string text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time) =>
            time.ToLocalTime(),
        // A DateTimeOffset that was serialized is a bag of its properties.
        PSObject bag when Bare(bag, "UtcDateTime") is DateTime utc => new DateTimeOffset(utc.Ticks, TimeSpan.Zero).ToLocalTime(),
        PSObject bag when Bare(bag, "UtcDateTime") is string text => Time(text),
        _ => null,
    };

    private static object? Duration(object value) => value switch
    {
        string text when TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan duration) => duration,
        PSObject bag when Bare(bag, "Ticks") is { } ticks && Number(ticks, typeof(long)) is long count => new TimeSpan(count),
        _ => null,
    };

    private const long Most = 1L << 50;

    private static object? Number(object value, Type type)
    {
        try
        {
            return value is not IConvertible ? null : Convert.ChangeType(value, type, CultureInfo.InvariantCulture) switch
            {
                // No copy is larger, and sums of what many machines say stay sums.
                long number => Math.Clamp(number, -Most, Most),
                decimal amount => Math.Clamp(amount, -Most, Most),
                object other => other,
            };
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or InvalidCastException)
        {
            return null;
        }
    }

    private static Array? List(object value, Type of)
    {
        IEnumerable items = value is IEnumerable several and not string ? several : new[] { value };
        List<object> converted = [];
        foreach (object? item in items)
        {
            if (TryConvert(item, of, out object? made))
                converted.Add(made!);
        }

        Array list = Array.CreateInstance(of, converted.Count);
        for (int i = 0; i < converted.Count; i++)
            list.SetValue(converted[i], i);
        return list;
    }

    private static object? PartOf(object value, Type type) => value switch
    {
        PSObject bag => Make(type, bag),
        string text when type == typeof(BackupError) => Error(text),
        string text when type == typeof(S3RequestCounts) => Requests(text),
        _ => null,
    };

    // As BackupError shows itself, which is all that is left of one that lay too deep.
    private static BackupError Error(string text)
    {
        int colon = text.IndexOf(": ", StringComparison.Ordinal);
        return new BackupError
        {
            Id = colon > 0 ? text[..colon] : "",
            Category = BackupErrorCategory.NotSpecified,
            Message = colon > 0 ? text[(colon + 2)..] : text,
            RecommendedAction = "",
            ExitCode = BackupExitCode.Succeeded,
        };
    }

    // Likewise: "12 PUT, 1 LIST".
    private static S3RequestCounts Requests(string text)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        foreach (string[] part in text.Split(", ").Select(part => part.Split(' ')))
        {
            if (part.Length == 2 && long.TryParse(part[0], NumberStyles.None, CultureInfo.InvariantCulture, out long count))
                counts[part[1]] = count;
        }

        return new S3RequestCounts
        {
            Put = counts.GetValueOrDefault("PUT"),
            Copy = counts.GetValueOrDefault("COPY"),
            List = counts.GetValueOrDefault("LIST"),
            Get = counts.GetValueOrDefault("GET"),
            Head = counts.GetValueOrDefault("HEAD"),
            Delete = counts.GetValueOrDefault("DELETE"),
        };
    }

    private static object? Bare(PSObject bag, string property) =>
        bag.Properties[property]?.Value is PSObject { BaseObject: not PSCustomObject } wrapped
            ? wrapped.BaseObject
            : bag.Properties[property]?.Value;

    private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    /// <summary>What can be set of a type.</summary>
    private sealed class Shape
    {
        public Shape(Type type)
        {
            Parts =
            [
                .. type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
                    .Where(property => property.SetMethod is { IsPublic: true })
                    .Select(property => new Part(property.Name, property, property.IsDefined(typeof(RequiredMemberAttribute)))),
            ];
            Required = Parts.Count(part => part.IsRequired);
        }

        public IReadOnlyList<Part> Parts { get; }

        public int Required { get; }
    }

    private sealed record Part(string Name, PropertyInfo Property, bool IsRequired);
}
