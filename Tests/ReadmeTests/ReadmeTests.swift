// Aim: the README and the manifests say nothing of the project that is not so. Method: their text against the tree's.
import Testing

@Suite struct ReadmeTests {
    private let readme: MarkdownText
    private let fairlead: CommandTree
    private let shipper: CommandTree

    init() throws {
        readme = MarkdownText(try Checkout.text("README.md"))
        fairlead = try #require(CommandTree(sources: Checkout.texts(under: ["Sources/fairlead"], endings: [".swift"])))
        shipper = try #require(CommandTree(sources: Checkout.texts(under: ["Sources/fairlead-shipper"], endings: [".swift"])))
    }

    private func tree(_ binary: String) -> CommandTree { binary == "fairlead" ? fairlead : shipper }

    @Test func `every path that the README names is there`() {
        #expect(readme.projectPaths.count > 60, "the README was not understood")
        #expect(readme.projectPaths.filter { !Checkout.exists($0) }.sorted() == [])
    }

    @Test func `a newcomer can follow one jitter sample, file by file`() {
        let steps = TraceStep.steps(in: readme.section("Follow one jitter sample"))
        #expect(steps.count > 60, "the trace was not understood")
        #expect(steps.count { $0.number == 1 } == 2, "one trace to the pager, one to the page")
        let texts = Checkout.texts(under: ["Sources", "schema"], endings: [".swift", ".sql"])
        #expect(TraceCheck(texts: texts).findings(steps) == [])
    }

    @Test func `every list item of the trace is a step`() {
        let section = readme.section("Follow one jitter sample")
        #expect(section.count { $0.firstMatch(of: /^\d+\./) != nil } == TraceStep.steps(in: section).count)
    }

    @Test func `every command that the README shows exists, with its options`() {
        let shown = readme.blocks.filter { $0.language == "sh" }.flatMap(\.lines) + readme.spans
        var count = 0
        let findings = shown.flatMap { line -> [String] in
            let words = line.split(separator: "#")[0].split(separator: " ").map(String.init).drop { $0 == "sudo" }
            guard let program = words.first?.split(separator: "/").last.map(String.init), words.count > 1 else { return [] }
            switch program {
            // The script hands its arguments to `fairlead dev`.
            case "run-local": return fairlead.findings(["dev"] + words.dropFirst())
            case "fairlead", "fairlead-shipper":
                count += 1
                return tree(program).findings(Array(words.dropFirst())).map { "\(line): \($0)" }
            default: return []
            }
        }
        #expect(count > 15, "the README was not understood")
        #expect(findings == [])
    }

    @Test func `the exit codes are those of the binary`() throws {
        let told = readme.firstCells(of: "Exit codes").compactMap(Int.init)
        let source = try Checkout.text("Sources/fairlead/ExitCodes.swift")
        let coded = source.matches(of: /\n +(\d+) {2,}\S/).compactMap { Int($0.1) }
        #expect(told.count == 6)
        #expect(told == coded)
    }

    @Test func `the layout has every target and no other`() {
        let told = readme.firstCells(of: "Layout").flatMap { $0.matches(of: /`([\w-]+)`/).map { String($0.1) } }
        #expect(Set(told) == Checkout.folders(in: "Sources"))
        #expect(told.count == Set(told).count)
    }

    @Test func `laws, rules, modes and deliveries are those of the code`() throws {
        let law = try Checkout.text("Sources/ControlLaw/Law.swift")
        let laws = law.firstMatch(of: /names = \[([^\]]*)\]/)?.1.matches(of: /"([^"]+)"/).map { "`\($0.1)`" } ?? []
        #expect(laws.count > 2)
        #expect(readme.firstCells(of: "How it works, in one picture").filter { $0.hasPrefix("`") } == laws)

        let rules = try Checkout.text("Sources/Alerting/AlertRule.swift").matches(of: /case \w+ = "(\w+)"/).map { String($0.1) }
        #expect(rules.count > 3)
        #expect(rules.filter { !readme.spans.contains($0) } == [])

        let cluster = try Checkout.text("Sources/Fleet/ClusterSpecification.swift")
        let words = ["Mode", "Delivery"].flatMap { type in
            cluster.split(separator: "enum \(type):").dropFirst().first?.prefix { $0 != "}" }.matches(of: /case (\w+)/).map { "`\($0.1)`" } ?? []
        }
        #expect(words.count == 6)
        let cells = readme.firstCells(of: "Modes and delivery")
        #expect(words.filter { !cells.contains($0) } == [])
        #expect(cells.filter { !words.contains($0) } == ["`mode`", "---", "`delivery`", "---"].filter(cells.contains))
    }

    @Test func `no path of anybody's machine stands in it`() {
        let foreign = ["/home/", "/root/", "/Users/"]
        #expect(readme.lines.filter { line in foreign.contains { line.contains($0) } } == [])
    }

    @Test func `what the manifests start exists, with its options`() {
        let texts = Checkout.texts(under: ["deploy/kustomize"], endings: [".yaml"])
        let starts = texts.sorted { $0.key < $1.key }.flatMap { file, text in Manifests.starts(in: text).map { (file, $0) } }
        #expect(starts.map { "\($0.1.binary) \($0.1.words.first ?? "")" }.sorted() == [
            "fairlead serve", "fairlead-shipper probe", "fairlead-shipper reflect", "fairlead-shipper run",
        ])
        #expect(starts.flatMap { file, start in tree(start.binary).findings(start.words).map { "\(file): \($0)" } } == [])
    }

    @Test func `every file of the manifests is named by its kustomization, and every name is a file`() {
        let texts = Checkout.texts(under: ["deploy/kustomize", "clusters"], endings: ["kustomization.yaml", "Kustomization"])
        #expect(texts.count > 10)
        var named: Set<String> = []
        for (file, text) in texts {
            let folder = file.split(separator: "/").dropLast().joined(separator: "/")
            for reference in Manifests.references(in: text) {
                let path = Manifests.resolve(reference, in: folder)
                named.insert(path)
                #expect(Checkout.exists(path), "\(file) names \(reference)")
            }
        }
        // Plants and scenarios are read by this program alone, and go to no cluster.
        let files = (Checkout.files(under: "deploy/kustomize", endings: [".yaml"]) + Checkout.files(under: "clusters", endings: [".yaml"]))
            .filter { !$0.hasPrefix("clusters/plants/") && !$0.hasPrefix("clusters/scenarios/") }
        #expect(files.count > 15)
        #expect(files.filter { !$0.hasSuffix("kustomization.yaml") && !named.contains($0) } == [])
    }
}
