using System.Globalization;

namespace RsyncS3Backup;

/// <summary>Times as notes and reasons show them.</summary>
internal static class ScheduleText
{
    public static string Time(DateTime wall, bool withDate) => wall.ToString(withDate ? "yyyy-MM-dd HH:mm" : "HH:mm", CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset time) => HumanText.Time(time);

    public static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);
}
