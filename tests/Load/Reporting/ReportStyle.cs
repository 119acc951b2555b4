namespace Yggdrasil.Load.Reporting;

/// <summary>How the HTML report looks, in light and dark.</summary>
internal static class ReportStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --bg: #fff; --fg: #1c2430; --mute: #667085; --line: #e3e7ee; --card: #f7f8fa;
          --c1: #2563eb; --c2: #d97706; --c3: #7c3aed; --c4: #dc2626; --good: #15803d; }
        @media (prefers-color-scheme: dark) { :root { --bg: #11151c; --fg: #e6e9ef; --mute: #98a2b3; --line: #2a313c; --card: #181d26;
          --c1: #60a5fa; --c2: #fbbf24; --c3: #a78bfa; --c4: #f87171; --good: #4ade80; } }
        body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 1000px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 26px; margin: 0; } h2 { font-size: 17px; margin: 32px 0 8px; }
        .sub { color: var(--mute); margin: 4px 0 20px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 10px; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
        .tile span, .tile em { display: block; color: var(--mute); font-style: normal; font-size: 12.5px; }
        .tile strong { display: block; font-size: 20px; font-weight: 600; white-space: nowrap; } .tile small { font-size: 13px; font-weight: 400; color: var(--mute); }
        .badge { font-size: 14px; vertical-align: middle; border-radius: 999px; padding: 2px 10px; border: 1px solid currentColor; }
        .good { color: var(--good); } .bad { color: var(--c4); }
        .warning { border-left: 3px solid var(--c2); background: var(--card); padding: 8px 12px; margin: 14px 0; }
        table { border-collapse: collapse; width: 100%; font-size: 13.5px; } th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); text-align: left; }
        th { color: var(--mute); font-weight: 500; } .n { font-variant-numeric: tabular-nums; white-space: nowrap; }
        svg { width: 100%; height: auto; display: block; } svg text { fill: var(--mute); font: 11px system-ui, sans-serif; }
        .grid { stroke: var(--line); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); } .c4 { stroke: var(--c4); }
        .plot { fill: none; stroke-width: 2; stroke-linejoin: round; } svg .key { fill: var(--fg); }
        """;
}
