using System.Security.Cryptography;
using System.Text;

namespace RsyncS3Backup.Reports.Html;

/// <summary>How a report looks: light, dark, on paper and on a phone. Texts have a contrast of at least 4.5 to what is below them, signs of 3.</summary>
internal static class HtmlStyle
{
    /// <summary>The style sheet.</summary>
    public const string Sheet = """

        :root { color-scheme: light dark;
          --page: #f4f6f8; --card: #ffffff; --text: #1b2430; --muted: #55606e; --line: #d9dee4; --empty: #e7ebef; --edge: #757f8b;
          --ok: #1a7f37; --warn: #9a6700; --bad: #c8202c; --run: #0b62c4; --sign: #ffffff; --badge: #ffffff;
          --a: #0b62c4; --b: #b3541e; --c: #6b7683; --wash: #fdf1f1; }
        @media (prefers-color-scheme: dark) { :root {
          --page: #0f141a; --card: #171d25; --text: #e6eaef; --muted: #a3adb8; --line: #2c3440; --empty: #232b35; --edge: #6f7b88;
          --ok: #3fb950; --warn: #d9a02e; --bad: #f8645c; --run: #58a6ff; --sign: #0f141a; --badge: #0f141a;
          --a: #58a6ff; --b: #f0883e; --c: #8b96a3; --wash: #2a1a1c; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        main { max-width: 1160px; margin: 0 auto; padding: 24px 20px 48px; }
        h1 { font-size: 26px; margin: 0; }
        h2 { font-size: 19px; margin: 36px 0 12px; }
        h3 { font-size: 16px; margin: 0 0 4px; overflow-wrap: anywhere; }
        p { margin: 6px 0; overflow-wrap: anywhere; }
        a { color: inherit; text-decoration-color: var(--edge); text-underline-offset: 2px; }
        a > bdi { text-decoration: underline; text-decoration-color: var(--edge); }
        time { white-space: nowrap; font-variant-numeric: tabular-nums; } .two time span { display: block; }
        .muted { color: var(--muted); font-weight: normal; }
        .lead { font-size: 18px; margin-top: 10px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 0; padding: 0; }
        .tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
        .tiles dt { color: var(--muted); font-size: 13px; }
        .tiles dd { margin: 2px 0 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
        .tiles dd.bad { color: var(--bad); }
        .badge { display: inline-block; border-radius: 999px; padding: 1px 10px; font-size: 13px; font-weight: 600; color: var(--badge);
          background: var(--edge); white-space: nowrap; }
        .badge.ok { background: var(--ok); } .badge.warn { background: var(--warn); } .badge.bad { background: var(--bad); }
        .badge.run { background: var(--run); } .badge.none { background: none; color: var(--text); border: 1px solid var(--edge); }
        .news { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; }
        .news li { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--warn); border-radius: 8px; padding: 12px 16px; }
        .news li.bad { border-left-color: var(--bad); background: var(--wash); }
        .news h3 .badge { margin-right: 4px; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 0 0 16px; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; }
        caption { text-align: left; color: var(--muted); padding: 0 0 8px; font-size: 14px; }
        th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
        thead th { color: var(--muted); font-weight: 600; font-size: 13px; white-space: nowrap; vertical-align: bottom; }
        tbody th { font-weight: 600; } tbody th bdi { display: inline-block; max-width: 220px; overflow-wrap: break-word; }
        .below { display: block; color: var(--muted); font-size: 13px; font-weight: normal; }
        tbody tr:last-child > * { border-bottom: 0; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
        td.wrap { overflow-wrap: anywhere; min-width: 160px; }
        .jobs { font-size: 13px; } .jobs th, .jobs td { padding: 6px; }
        .days { table-layout: fixed; } .days .job { width: 18%; } .days .counts { width: 17%; } .days td { vertical-align: middle; }
        .days td.counts { color: var(--muted); font-size: 13px; } .days tbody th bdi { max-width: 100%; } .days .strips { padding-left: 0; padding-right: 0; }
        .days thead th { padding-left: 0; padding-right: 0; } .days thead .job, .days thead .counts { padding: 6px 10px; }
        .days .machine th { padding-top: 16px; color: var(--muted); font-weight: 600; }
        .ends { display: flex; justify-content: space-between; }
        .strip { display: block; width: 100%; height: auto; }
        svg .ok { fill: var(--ok); } svg .warn { fill: var(--warn); } svg .bad { fill: var(--bad); } svg .run { fill: var(--run); }
        svg .none { fill: var(--empty); } svg .stop, svg .pause { fill: var(--edge); } svg .skip { fill: var(--empty); stroke: var(--edge); }
        svg .sign { fill: none; stroke: var(--sign); stroke-width: 1.7; stroke-linecap: round; }
        .key { width: 11px; height: 11px; vertical-align: -1px; margin-right: 5px; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; color: var(--muted); }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 18px 22px; margin: 14px 0 6px; }
        figure { margin: 0; break-inside: avoid; display: flex; flex-direction: column; justify-content: space-between; }
        figcaption { font-size: 14px; margin-bottom: 4px; }
        .chart { display: block; width: 100%; height: auto; }
        .chart text { fill: var(--muted); font-size: 12px; } .chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
        .grid { stroke: var(--line); stroke-width: 1; fill: none; }
        .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
        .line.a { stroke: var(--a); } .line.b { stroke: var(--b); stroke-dasharray: 5 4; }
        .dot.a, .column.a { fill: var(--a); } .dot.b, .column.b { fill: var(--b); } .column.c { fill: var(--c); }
        summary { cursor: pointer; padding: 6px 0; font-weight: 600; }
        footer { margin-top: 32px; color: var(--muted); font-size: 13px; }
        @media (max-width: 600px) {
          main { padding: 16px 12px 32px; }
          h1 { font-size: 22px; } .lead { font-size: 16px; }
          .tiles { grid-template-columns: 1fr 1fr; gap: 8px; } .tiles dd { font-size: 19px; }
          .card { padding: 12px; }
          .days tr { display: grid; grid-template-columns: 1fr auto; } .days td, .days th { border: 0; padding: 2px 0; width: auto; }
          .days td.strips { grid-column: 1 / 3; grid-row: 2; padding-bottom: 10px; border-bottom: 1px solid var(--line); }
          .days td.counts { width: auto; text-align: right; } .days .machine { display: block; } .days thead { display: none; }
        }
        @media print {
          :root { color-scheme: light;
            --page: #ffffff; --card: #ffffff; --text: #000000; --muted: #444444; --line: #bbbbbb; --empty: #e4e4e4; --edge: #777777; --ok: #1a7f37;
            --warn: #9a6700; --bad: #b3121d; --run: #0b62c4; --sign: #ffffff; --badge: #ffffff; --a: #0b62c4; --b: #b3541e; --c: #6b7683; --wash: #ffffff; }
          @page { size: A4; margin: 12mm; }
          * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
          body { font-size: 10.5px; } main { max-width: none; padding: 0; }
          h1 { font-size: 20px; } h2 { font-size: 15px; margin: 18px 0 8px; break-after: avoid; } h3 { font-size: 12px; break-after: avoid; }
          table, caption, figcaption, .legend, thead th, .days td.counts { font-size: 9.5px; } th, td, .jobs th, .jobs td { padding: 3px 4px; }
          .jobs { font-size: 9px; } tbody th bdi { max-width: 100px; } .below { font-size: 9px; } td.wrap { min-width: 80px; }
          .tiles { grid-template-columns: repeat(6, 1fr); gap: 6px; } .tiles div { padding: 6px 8px; } .tiles dt { font-size: 9px; }
          .tiles dd { font-size: 14px; } .lead { font-size: 13px; } .badge { font-size: 9.5px; padding: 0 7px; }
          .charts { grid-template-columns: repeat(3, 1fr); gap: 10px 14px; } .card { padding: 8px 10px; }
          .card header, tr, .news li { break-inside: avoid; } thead { display: table-header-group; }
          .scroll { overflow: visible; } details::details-content { content-visibility: visible; block-size: auto; } summary { list-style: none; }
        }

        """;

    /// <summary>What allows this sheet, and nothing else: no script, no picture, no request to anywhere.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Sheet)))}'; base-uri 'none'; form-action 'none'";
}
