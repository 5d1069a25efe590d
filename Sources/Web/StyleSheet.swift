/// The style of the pages: light and dark by the reader's own setting, numbers in columns, colour never the only sign.
enum StyleSheet {
    static let text = """
        :root { color-scheme: light dark; --ground: #fbfaf7; --raised: #ffffff; --line: #e2dfd6; --text: #22211e; --quiet: #63615a;
          --link: #1d4f91; --good: #2f6b3c; --warn: #8a5200; --bad: #a3341f; --unknown: #5f4b8b;
          --good-ground: #e6f0e6; --warn-ground: #faeed6; --bad-ground: #f9e2dc; --unknown-ground: #ece6f5; --calm-ground: #eceae4;
          --delay: #1d4f91; --used: #3f7d58; --applied: #8a5a00; --desired: #6b3fa0; --hatch: #a39c8c; --hatch-ground: #f1efe9; }
        @media (prefers-color-scheme: dark) { :root { --ground: #15171a; --raised: #1c1f23; --line: #33373d; --text: #e8e6e1; --quiet: #a3a199;
          --link: #8db8f0; --good: #86c795; --warn: #e6b25c; --bad: #f19380; --unknown: #bda6ea;
          --good-ground: #1f3325; --warn-ground: #3a2f17; --bad-ground: #43231c; --unknown-ground: #2e2740; --calm-ground: #2a2d31;
          --delay: #8db8f0; --used: #7cc199; --applied: #e6b25c; --desired: #bda6ea; --hatch: #6d6a62; --hatch-ground: #24262a; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--text); font: 14px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; }
        header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 28px; padding: 10px 24px; background: var(--raised);
          border-bottom: 1px solid var(--line); }
        .brand { display: flex; align-items: center; gap: 8px; font-weight: 650; font-size: 16px; color: var(--text); text-decoration: none; }
        nav a { padding: 4px 10px; border-radius: 6px; text-decoration: none; color: var(--quiet); }
        nav a:hover { background: var(--calm-ground); }
        nav a[aria-current] { background: var(--calm-ground); color: var(--text); font-weight: 600; }
        .asof { margin: 0 0 0 auto; color: var(--quiet); font-variant-numeric: tabular-nums; }
        #live.good::before { content: "● "; } #live.good { color: var(--good); }
        #live.bad::before { content: "◌ "; } #live.bad { color: var(--bad); font-weight: 600; }
        main { max-width: 1440px; margin: 0 auto; padding: 20px 24px 48px; }
        a { color: var(--link); } a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
        h1 { font-size: 22px; margin: 0 0 10px; line-height: 1.3; overflow-wrap: anywhere; } h2 { font-size: 15px; margin: 26px 0 8px; }
        .crumbs { margin: 0 0 2px; color: var(--quiet); } .lead { margin: 0 0 14px; font-size: 15px; max-width: 95ch; overflow-wrap: anywhere; }
        .note, .empty { color: var(--quiet); margin: 8px 0; max-width: 110ch; }
        .banner { background: var(--unknown-ground); color: var(--unknown); border: 1px solid currentColor; border-radius: 6px; padding: 8px 12px; }
        .row { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 8px 24px; }
        .summary { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 14px; }
        .scroll { overflow-x: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 8px; }
        .figure { padding: 10px 12px 6px; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: 7px 12px; vertical-align: top; border-bottom: 1px solid var(--line); font-weight: 400; }
        tbody tr:last-child > * { border-bottom: 0; }
        thead th { color: var(--quiet); font-size: 12px; font-weight: 600; white-space: nowrap; background: var(--ground); }
        tbody th { font-weight: 600; overflow-wrap: break-word; }
        #log td, .name { overflow-wrap: anywhere; }
        .number { text-align: right; white-space: nowrap; } .seen { white-space: nowrap; color: var(--quiet); font-size: 13px; font-weight: 400; }
        .sentence { min-width: 20em; max-width: 60ch; overflow-wrap: anywhere; } .sentence a { color: inherit; text-decoration-color: var(--line); }
        .sentence a:hover { text-decoration-color: currentColor; }
        .absent { color: var(--quiet); font-style: italic; }
        .name { min-width: 9.5em; max-width: 20em; } td .seen { display: block; margin: 2px 0 0 2px; }
        .tag { display: inline-block; white-space: nowrap; padding: 0 6px; border: 1px solid var(--line); border-radius: 9px; color: var(--quiet); font-size: 11px;
          font-weight: 500; vertical-align: 1px; }
        .flow { display: block; color: var(--quiet); font-size: 12px; overflow-wrap: anywhere; }
        .state { display: inline-block; padding: 1px 9px; border-radius: 10px; white-space: nowrap; background: var(--calm-ground); color: var(--text);
          text-decoration: none; font-size: 13px; font-weight: 500; }
        h1 .state { font-size: 14px; vertical-align: 3px; } h1 .tag { vertical-align: 4px; }
        .state.good { background: var(--good-ground); color: var(--good); } .state.warn { background: var(--warn-ground); color: var(--warn); }
        .state.bad { background: var(--bad-ground); color: var(--bad); font-weight: 650; }
        .state.unknown { background: var(--unknown-ground); color: var(--unknown); }
        .value.good { color: var(--good); } .value.warn { color: var(--warn); } .value.bad { color: var(--bad); font-weight: 650; }
        .value.unknown { color: var(--unknown); font-style: italic; } .value { white-space: nowrap; }
        tr.stale > * { color: var(--quiet); } tr.stale .value, tr.stale .rate { color: var(--quiet); font-weight: 400; text-decoration: line-through; text-decoration-color: var(--hatch); }
        tr.stale .seen { color: var(--unknown); font-weight: 600; }
        .stages { display: flex; flex-wrap: wrap; gap: 6px 22px; list-style: none; padding: 0; margin: 0 0 14px; }
        .stages li { position: relative; padding: 6px 12px; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
        .stages li + li::before { content: "→"; position: absolute; left: -19px; top: 14px; color: var(--quiet); }
        .stages .name { display: block; font-size: 12px; color: var(--quiet); } .stages .rate { font-variant-numeric: tabular-nums; }
        .stages .same .rate { color: var(--quiet); } .stages .changed .rate { font-weight: 650; }
        .explanation { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; border-collapse: separate; border-spacing: 0; }
        .explanation th { width: 8em; color: var(--quiet); font-weight: 500; } .explanation td { overflow-wrap: anywhere; }
        pre { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; overflow-x: auto; margin: 0; }
        .streams { display: flex; flex-wrap: wrap; gap: 4px; margin: 0 0 12px; } .windows a { font-variant-numeric: tabular-nums; }
        .chart { display: block; width: 100%; min-width: 720px; height: auto; font: 12px system-ui, sans-serif; }
        .chart .canvas { fill: var(--raised); } .chart .grid { stroke: var(--line); } .chart .axis { stroke: var(--quiet); }
        .chart .label { fill: var(--quiet); } .chart .heading { fill: var(--text); }
        .chart .hatch-ground { fill: var(--hatch-ground); } .chart .hatch-line { stroke: var(--hatch); }
        .chart .ink.delay { stroke: var(--delay); } .chart .ink.used { stroke: var(--used); } .chart .area.used { fill: var(--used); }
        .chart .ink.applied { stroke: var(--applied); } .chart .ink.desired { stroke: var(--desired); }
        .chart .threshold.target { stroke: var(--good); } .chart .threshold.bound { stroke: var(--bad); }
        .chart .threshold-label.target { fill: var(--good); } .chart .threshold-label.bound { fill: var(--bad); }
        .chart .clipped, .chart .marker.brake .marker-shape { fill: var(--bad); } .chart .marker.brake .marker-line { stroke: var(--bad); }
        .chart .marker.decrease .marker-shape { fill: var(--warn); } .chart .marker.decrease .marker-line { stroke: var(--warn); }
        .chart .marker.increase .marker-shape { fill: var(--good); } .chart .marker.increase .marker-line { stroke: var(--good); }
        .chart .marker:hover .marker-line, .chart .marker:focus .marker-line { stroke-opacity: 1; }
        .bar { display: block; border-radius: 3px; } .bar-ground { fill: var(--calm-ground); } .bar-effective { fill: var(--good-ground); }
        .bar-reserved { fill: var(--delay); } .bar-used { fill: var(--used); }
        .away main { opacity: 0.6; }
        @media print { header nav, .windows { display: none; } body { background: #fff; } }

        """
}
