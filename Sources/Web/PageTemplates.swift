/// The pages as Mustache: `{{value}}` is escaped, `{{{svg}}}` is our own drawing. No inline style, no inline script.
enum PageTemplates {
    static let all: [(name: String, text: String)] = [
        ("head", head), ("foot", foot), ("age", age), ("state", state), ("fleet", fleet), ("cluster", cluster), ("decision", decision),
        ("allocation", allocation), ("alerts", alerts), ("log", log), ("error", error),
    ]

    private static let head = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{page_title}} · Fairlead</title>
        <link rel="icon" href="/static/mark.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/static/fairlead.css">
        {{#is_live}}<noscript><meta http-equiv="refresh" content="10"></noscript>
        <script src="/static/fairlead.js" defer></script>{{/is_live}}
        </head>
        <body{{#is_live}} data-live="yes"{{/is_live}}>
        <header>
        <a class="brand" href="/"><img src="/static/mark.svg" alt="" width="22" height="22"> Fairlead</a>
        <nav aria-label="Pages">{{#navigation}}<a href="{{path}}"{{#current}} aria-current="page"{{/current}}>{{name}}</a>{{/navigation}}</nav>
        <p class="asof" id="asof" data-now="{{now_us}}">as of <time datetime="{{now_iso}}">{{now}}</time> <span id="live" role="status"></span></p>
        </header>
        <main id="main">

        """

    private static let foot = """

        </main>
        </body>
        </html>

        """

    private static let age = """
        {{prefix}}<time class="age" datetime="{{iso}}" data-us="{{us}}">{{words}}</time>
        """

    private static let state = """
        <span class="state {{class}}"><span class="symbol" aria-hidden="true">{{symbol}}</span> {{word}}</span>
        """

    private static let fleet = """
        {{> head}}
        <h1>Fleet</h1>
        <p class="summary">{{#summary}}<span class="state {{class}}"><span class="symbol" aria-hidden="true">{{symbol}}</span> {{count}} {{word}}</span>{{/summary}}</p>
        {{#is_empty}}<p class="empty">No cluster has written to the log yet. A shipper appears here with its first tick.</p>{{/is_empty}}
        {{^is_empty}}
        <div class="scroll"><table class="fleet" id="fleet">
        <thead><tr><th scope="col">Cluster</th><th scope="col">State, newest tick</th><th scope="col">Worst flow, p95 above base</th>
        <th scope="col" class="number">Used</th><th scope="col" class="number">Applied</th><th scope="col" class="number">Desired</th>
        <th scope="col">Newest decision</th><th scope="col">Alerts</th></tr></thead>
        <tbody>
        {{#rows}}<tr{{#stale}} class="stale"{{/stale}}>
        <th scope="row" class="name"><a href="{{path}}">{{cluster}}</a> <span class="tag">{{mode}}</span></th>
        <td>{{#state}}{{> state}}{{/state}} <span class="seen">{{#seen}}{{> age}}{{/seen}}{{^seen}}never{{/seen}}</span></td>
        <td>{{#worst}}<span class="flow">{{flow}}</span> <span class="value {{class}}">{{text}}</span>{{/worst}}{{^worst}}<span class="absent">no flow known</span>{{/worst}}</td>
        <td class="number">{{#used}}<span class="{{class}}">{{text}}</span>{{/used}}</td>
        <td class="number">{{#applied}}<span class="{{class}}">{{text}}</span>{{/applied}}</td>
        <td class="number">{{#desired}}<span class="{{class}}">{{text}}</span>{{/desired}}</td>
        <td class="sentence">{{#decision}}<a href="{{path}}">{{sentence}}</a>{{/decision}}{{^decision}}<span class="absent">none</span>{{/decision}}</td>
        <td>{{#has_firing}}<a class="state bad" href="/alerts">■ {{firing}} firing</a> {{/has_firing}}{{#has_pending}}<a class="state warn" href="/alerts">▲ {{pending}} pending</a>{{/has_pending}}{{#has_no_alert}}<span class="absent">none</span>{{/has_no_alert}}</td>
        </tr>
        {{/rows}}</tbody></table></div>
        <p class="note">Rates are sums over a cluster's managed workloads in its newest tick. A row that is not fresh says when it was last seen, and its numbers are of then.</p>
        {{/is_empty}}
        {{> foot}}
        """

    private static let cluster = """
        {{> head}}
        <p class="crumbs"><a href="/">Fleet</a> /</p>
        <h1>{{cluster}} <span class="tag">{{mode}}</span> {{#state}}{{> state}}{{/state}} <span class="seen">{{#seen}}{{> age}}{{/seen}}{{^seen}}never seen{{/seen}}</span></h1>
        {{#stale}}<p class="banner" role="alert">Nothing is known of the present: what stands below is of the last tick. The loop in the cluster goes on without the log.</p>{{/stale}}
        <p class="lead">{{sentence}}</p>
        <section aria-label="Timeline">
        <div class="row"><h2>Timeline</h2><nav class="windows" aria-label="Window">{{#windows}}<a href="{{path}}"{{#current}} aria-current="true"{{/current}}>{{name}}</a>{{/windows}}<a href="{{picture_path}}">SVG</a></nav></div>
        <div class="scroll figure">{{{svg}}}</div>
        <p class="note">■ brake, ▼ lowered, ▲ raised: each mark leads to its decision. Hatched: no data.</p>
        </section>
        <section aria-label="Critical flows"><h2>Critical flows</h2>
        <div class="scroll"><table id="flows"><thead><tr><th scope="col">Flow</th><th scope="col">Standing</th><th scope="col" class="number">p95</th><th scope="col" class="number">p99</th><th scope="col" class="number">Target</th><th scope="col" class="number">Bound</th><th scope="col" class="number">Base</th><th scope="col" class="number">Answered</th><th scope="col" class="number">Loss</th><th scope="col">Quality</th><th scope="col" class="number">Newest answer</th><th scope="col">Source</th></tr></thead>
        <tbody>{{#flows}}<tr><th scope="row">{{flow}}</th><td><span class="value {{class}}">{{standing}}</span></td><td class="number">{{p95}}</td><td class="number">{{p99}}</td><td class="number">{{target}}</td><td class="number">{{bound}}</td><td class="number">{{base}}</td><td class="number">{{count}}</td><td class="number">{{loss}}</td><td><abbr title="{{meaning}}">{{quality}}</abbr></td><td class="number">{{answer_age}}</td><td>{{source}}</td></tr>
        {{/flows}}</tbody></table></div></section>
        <section aria-label="Managed workloads"><h2>Managed workloads</h2>
        <div class="scroll"><table id="workloads"><thead><tr><th scope="col">Workload</th><th scope="col" class="number">Used</th><th scope="col" class="number">Applied</th><th scope="col" class="number">Desired</th><th scope="col" class="number">Floor – ceiling</th><th scope="col" class="number">Replicas</th><th scope="col">Why this share</th></tr></thead>
        <tbody>{{#workloads}}<tr><th scope="row">{{workload}}</th><td class="number">{{#used}}<span class="{{class}}">{{text}}</span>{{/used}}</td><td class="number">{{#applied}}<span class="{{class}}">{{text}}</span>{{/applied}}</td><td class="number">{{#desired}}<span class="{{class}}">{{text}}</span>{{/desired}}</td><td class="number">{{bounds}}</td><td class="number">{{replicas}}</td><td class="sentence">{{share}}</td></tr>
        {{/workloads}}</tbody></table></div></section>
        <section aria-label="Decisions"><h2>Decisions that changed something</h2>
        {{^has_decisions}}<p class="empty">None in this window.</p>{{/has_decisions}}
        {{#has_decisions}}<div class="scroll"><table id="decisions"><thead><tr><th scope="col">When</th><th scope="col">Action</th><th scope="col">What and why</th><th scope="col">Reason</th><th scope="col">Id</th></tr></thead>
        <tbody>{{#decisions}}<tr><td class="seen">{{time}}, {{#age}}{{> age}}{{/age}}</td><td><span class="value {{class}}">{{action}}</span></td><td class="sentence">{{sentence}}</td><td>{{reason}}</td><td><a href="{{path}}">{{position}}</a></td></tr>
        {{/decisions}}</tbody></table></div>{{/has_decisions}}
        <p class="note"><a href="{{log_path}}">All entries of this cluster's stream</a></p></section>
        {{> foot}}
        """

    private static let decision = """
        {{> head}}
        <p class="crumbs"><a href="/">Fleet</a> / {{#cluster_path}}<a href="{{cluster_path}}">{{cluster}}</a> /{{/cluster_path}}</p>
        <h1>Decision {{position}}</h1>
        <p class="lead">{{sentence}}</p>
        {{#late}}<p class="banner">{{late}}</p>{{/late}}
        <ol class="stages" aria-label="Stages">{{#stages}}<li class="{{class}}"><span class="name">{{name}}</span> <span class="rate">{{rate}}</span></li>{{/stages}}</ol>
        <p class="note">{{heading}}</p>
        <table class="explanation" id="explanation"><tbody>{{#parts}}<tr><th scope="row">{{label}}</th><td>{{text}}</td></tr>
        {{/parts}}</tbody></table>
        <p class="row">{{#previous_path}}<a href="{{previous_path}}" rel="prev">← decision before</a>{{/previous_path}}{{#next_path}}<a href="{{next_path}}" rel="next">decision after →</a>{{/next_path}}</p>
        <h2>The same on the command line</h2>
        <pre><code>{{command}}</code></pre>
        {{> foot}}
        """

    private static let allocation = """
        {{> head}}
        <h1>Allocation</h1>
        {{#is_empty}}<p class="empty">The coordinator has not decided an allocation yet.</p>{{/is_empty}}
        {{^is_empty}}
        <p class="lead">Version {{version}}, decided {{#age}}{{> age}}{{/age}}, at {{position}}.</p>
        {{#infeasible}}<p class="banner" role="alert">The floors do not fit. A share below says what has room; no site goes below its floors, so there is more than fits.</p>{{/infeasible}}
        <h2>Links</h2>
        <div class="scroll"><table id="links"><thead><tr><th scope="col">Link</th><th scope="col">Reserved, allocated, effective of configured</th><th scope="col" class="number">Reserved</th><th scope="col" class="number">Allocated</th><th scope="col" class="number">Effective</th><th scope="col" class="number">Configured</th></tr></thead>
        <tbody>{{#links}}<tr><th scope="row">{{link}}</th><td><svg class="bar" viewBox="0 0 1000 28" preserveAspectRatio="none" role="img" width="320" height="18"><title>{{label}}</title><rect class="bar-ground" width="1000" height="28"/><rect class="bar-effective" width="{{effective_width}}" height="28"/><rect class="bar-reserved" width="{{reserved_width}}" height="28"/><rect class="bar-used" x="{{used_start}}" y="6" width="{{used_width}}" height="16"/></svg></td><td class="number">{{reserved}}</td><td class="number">{{used}}</td><td class="number">{{effective}}</td><td class="number">{{configured}}</td></tr>
        {{/links}}</tbody></table></div>
        <h2>Shares</h2>
        <div class="scroll"><table id="shares"><thead><tr><th scope="col">Cluster</th><th scope="col">Workload</th><th scope="col" class="number">Share</th><th scope="col" class="number">Granted</th><th scope="col">Why</th></tr></thead>
        <tbody>{{#shares}}<tr><th scope="row"><a href="{{path}}">{{cluster}}</a></th><td>{{workload}}</td><td class="number">{{share}}</td><td class="number">{{granted}}</td><td class="sentence">{{sentence}}</td></tr>
        {{/shares}}</tbody></table></div>
        {{/is_empty}}
        {{> foot}}
        """

    private static let alerts = """
        {{> head}}
        <h1>Alerts</h1>
        <p class="summary">{{#counts}}<span class="state {{class}}"><span class="symbol" aria-hidden="true">{{symbol}}</span> {{text}}</span>{{/counts}}</p>
        {{#is_empty}}<p class="empty">No alert was ever raised.</p>{{/is_empty}}
        {{^is_empty}}
        {{#quiet}}<p class="empty">Nothing fires and nothing is pending. Below stands what was resolved lately.</p>{{/quiet}}
        <div class="scroll"><table id="alerts"><thead><tr><th scope="col">State</th><th scope="col">Rule</th><th scope="col">Cluster</th><th scope="col">What</th><th scope="col">Since</th><th scope="col">Position</th></tr></thead>
        <tbody>{{#alerts}}<tr><td><span class="state {{class}}"><span class="symbol" aria-hidden="true">{{symbol}}</span> {{state}}</span></td><th scope="row">{{rule}}</th><td>{{#cluster}}<a href="{{path}}">{{name}}</a>{{/cluster}}{{^cluster}}<span class="absent">–</span>{{/cluster}}</td><td class="sentence">{{sentence}}</td><td class="seen">{{#age}}{{> age}}{{/age}}</td><td><a href="{{position_path}}">{{position}}</a></td></tr>
        {{/alerts}}</tbody></table></div>
        {{/is_empty}}
        {{> foot}}
        """

    private static let log = """
        {{> head}}
        <h1>Log</h1>
        <nav class="streams" aria-label="Streams"><a href="/log"{{#all_current}} aria-current="true"{{/all_current}}>all streams</a>{{#streams}}<a href="{{path}}"{{#current}} aria-current="true"{{/current}}>{{name}} <span class="tag">{{sequence}}</span></a>{{/streams}}</nav>
        {{#is_empty}}<p class="empty">No entries.</p>{{/is_empty}}
        {{^is_empty}}
        <div class="scroll"><table id="log"><thead><tr><th scope="col">Stored</th><th scope="col">Position</th><th scope="col">Kind</th><th scope="col">What</th></tr></thead>
        <tbody>{{#records}}<tr><td class="seen">{{time}}, {{#age}}{{> age}}{{/age}}</td><td>{{#path}}<a href="{{path}}">{{position}}</a>{{/path}}{{^path}}{{position}}{{/path}}</td><td>{{kind}}</td><td class="sentence">{{sentence}}</td></tr>
        {{/records}}</tbody></table></div>
        {{/is_empty}}
        <p class="row">{{#newest_path}}<a href="{{newest_path}}">← newest</a>{{/newest_path}}{{#older_path}}<a href="{{older_path}}">older →</a>{{/older_path}}</p>
        {{> foot}}
        """

    private static let error = """
        {{> head}}
        <h1>{{title}}</h1>
        <p class="lead">{{sentence}}</p>
        <p><a href="/">Fleet</a></p>
        {{> foot}}
        """
}
