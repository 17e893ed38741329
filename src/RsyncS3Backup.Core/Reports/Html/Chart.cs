namespace RsyncS3Backup.Reports.Html;

/// <summary>One row of values of a chart, a value a day.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Class">Its class in the style: a, b or c.</param>
/// <param name="Values">The values; null where there is none.</param>
internal sealed record Series(string Name, string Class, IReadOnlyList<double?> Values);

/// <summary>Small pictures over the days of a report, as SVG.</summary>
/// <param name="html">What they are written to.</param>
/// <param name="axis">The days.</param>
internal sealed class Chart(HtmlWriter html, TimeAxis axis)
{
    private const double Width = 400;
    private const double Height = 150;
    private const double Left = 62;
    private const double Right = Width - 10;
    private const double Top = 10;
    private const double Bottom = Height - 22;

    private double Step => (Right - Left) / axis.Days;

    /// <summary>Lines, from each value to the next one.</summary>
    public void Lines(
        string caption, string? remark, Scale scale, params IReadOnlyList<Series> series) => Figure(caption, remark, scale, series, () =>
    {
        foreach (Series line in series)
        {
            (double X, double Y)[] points =
            [
                .. line.Values.Select((value, place) => (value, place)).Where(point => point.value is not null)
                    .Select(point => (Middle(point.place), Y(point.value!.Value, scale))),
            ];
            if (points.Length == 0)
                continue;
            html.Add($"<path class=\"line {line.Class}\" d=\"");
            for (int i = 0; i < points.Length; i++)
                html.AddMarkup(i == 0 ? "M" : "L").Add($"{points[i].X} {points[i].Y}");
            html.Add($"\"/><circle class=\"dot {line.Class}\" cx=\"{points[^1].X}\" cy=\"{points[^1].Y}\" r=\"3\"/>");
        }
    });

    /// <summary>Columns, those of later series on top of those of earlier ones.</summary>
    public void Columns(
        string caption, string? remark, Scale scale, params IReadOnlyList<Series> series) => Figure(caption, remark, scale, series, () =>
    {
        double width = Math.Clamp(Step * 0.75, 1.2, 14);
        double[] below = new double[axis.Days];
        foreach (Series columns in series)
        {
            html.Add($"<path class=\"column {columns.Class}\" d=\"");
            for (int place = 0; place < axis.Days; place++)
            {
                if (columns.Values[place] is not > 0 || columns.Values[place] is not { } value)
                    continue;
                double foot = Y(below[place], scale);
                // What is there is seen, however small.
                double height = Math.Max(1, foot - Y(below[place] + value, scale));
                html.Add($"M{Middle(place) - (width / 2)} {foot}v{-height}h{width}v{height}z");
                below[place] += value;
            }

            html.Add($"\"/>");
        }
    });

    private double Middle(int place) => Left + ((place + 0.5) * Step);

    private static double Y(double value, Scale scale) => Bottom - ((Bottom - Top) * Math.Clamp(value / scale.Most, 0, 1));

    private void Figure(string caption, string? remark, Scale scale, IReadOnlyList<Series> series, Action draw)
    {
        html.Add($"<figure><figcaption><strong>{caption}</strong>");
        if (remark is not null)
            html.Add($" <span class=\"muted\">{remark}</span>");
        if (series.Count > 1)
        {
            html.Add($"<span class=\"legend\">");
            foreach (Series one in series)
            {
                html.Add($"<span><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\">")
                    .Add($"<rect class=\"column {one.Class}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{one.Name}</span> ");
            }

            html.Add($"</span>");
        }

        html.Add($"</figcaption><svg class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" ")
            .Add($"aria-label=\"{caption}: {Words(scale, series)}\">");
        foreach (double share in (double[])[0, 0.5, 1])
        {
            double y = Y(scale.Most * share, scale);
            html.Add($"<path class=\"grid\" d=\"M{Left} {y}H{Right}\"/>")
                .Add($"<text x=\"{Left - 6}\" y=\"{y + 4}\" class=\"end\">{scale.Text(scale.Most * share)}</text>");
        }

        draw();
        html.Add($"<text x=\"{Left}\" y=\"{Height - 5}\">{ReportText.Day(axis.First)}</text>");
        if (axis.Days > 20)
            html.Add($"<text x=\"{(Left + Right) / 2}\" y=\"{Height - 5}\" class=\"middle\">{ReportText.Day(axis.Day(axis.Days / 2))}</text>");
        html.Add($"<text x=\"{Right}\" y=\"{Height - 5}\" class=\"end\">{ReportText.Day(axis.Last)}</text></svg></figure>");
    }

    // What a picture shows, for those who do not see it.
    private string Words(Scale scale, IReadOnlyList<Series> series)
    {
        IEnumerable<string> lines = series.Select(one =>
        {
            (double Value, int Place)[] known =
            [
                .. one.Values.Select((value, place) => (value, place)).Where(point => point.value is not null)
                    .Select(point => (point.value!.Value, point.place)),
            ];
            if (known.Length == 0)
                return $"{one.Name}: nothing";
            (double most, int at) = known.MaxBy(point => point.Value);
            return $"{one.Name}: {scale.Text(known[^1].Value)} on {ReportText.Day(axis.Day(known[^1].Place))}, "
                + $"at most {scale.Text(most)} on {ReportText.Day(axis.Day(at))}";
        });
        return string.Join("; ", lines);
    }
}
