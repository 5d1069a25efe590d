// Aim: the rules themselves find what they should and nothing else. Method: planted breaches, in strings.
import Testing

@Suite struct TraceRulesTests {
    private let texts = [
        "Sources/A.swift": "struct First { let second: Second }  // SecondHand",
        "Sources/B.swift": "struct Second { func ask() { Query.logAppend } }",
        "schema/queries/log_append.sql": "SELECT fairlead.append($1)",
        "schema/1.sql": "CREATE FUNCTION fairlead.append(p text) RETURNS TABLE (answer text)",
        "schema/Schema.swift": "static let logAppend = 1",
    ]
    private let right = [
        "1. [Sources/A.swift](Sources/A.swift) begins and", "   goes on. → `Second`", "2. [Sources/B.swift](Sources/B.swift) → `logAppend`",
        "3. [schema/queries/log_append.sql](schema/queries/log_append.sql): calls. → `fairlead.append`", "",
        "4. [schema/1.sql](schema/1.sql) ends.", "", "And again:", "", "1. [Sources/A.swift](Sources/A.swift) alone.",
    ]
    private func findings(_ lines: [String]) -> [String] { TraceCheck(texts: texts).findings(TraceStep.steps(in: lines)) }
    private func findings(replacing old: String, with new: String) -> [String] { findings(right.map { $0 == old ? new : $0 }) }

    @Test func `a right trace has no findings`() {
        #expect(TraceStep.steps(in: right).count == 5)
        #expect(findings(right) == [])
    }

    @Test func `a step that leads elsewhere is found`() {
        #expect(findings(replacing: right[2], with: "2. [Sources/B.swift](Sources/B.swift) → `First`") == [
            "step 2, Sources/B.swift: First does not occur in it",
            "step 2, Sources/B.swift: First does not occur in schema/queries/log_append.sql",
        ])
    }

    @Test func `a part of a word is not the word`() {
        #expect(!TraceCheck.occurs("Second", in: "SecondHand Secondary", of: "a.swift"))
        #expect(TraceCheck.occurs("Second", in: "(Second)", of: "a.swift"))
        #expect(TraceCheck.occurs("Second", in: "Second", of: "a.swift"))
        #expect(!TraceCheck.occurs("Second", in: "", of: "a.swift"))
    }

    @Test func `a name that nobody declares is found`() {
        #expect(findings(replacing: right[1], with: "   goes on. → `SecondHand`") == [
            "step 1, Sources/A.swift: SecondHand is declared nowhere",
            "step 1, Sources/A.swift: SecondHand does not occur in Sources/B.swift",
        ])
    }

    @Test func `a missing file, a step without an arrow, a gap and a wrong link are found`() {
        #expect(findings(replacing: right[9], with: "1. [Sources/C.swift](Sources/C.swift)") == ["step 1, Sources/C.swift: is not there"])
        #expect(findings(replacing: right[2], with: "2. [Sources/B.swift](Sources/B.swift)") == [
            "step 2, Sources/B.swift: does not name what leads to schema/queries/log_append.sql"
        ])
        #expect(findings(right.filter { $0 != right[2] }) == [
            "step 1, Sources/A.swift: is followed by step 3", "step 1, Sources/A.swift: Second does not occur in schema/queries/log_append.sql",
        ])
        #expect(findings(replacing: right[5], with: "4. [schema/2.sql](schema/1.sql) → `append`") == [
            "step 4, schema/1.sql: is called schema/2.sql", "step 4, schema/1.sql: hands something on to nobody",
        ])
    }
}

@Suite struct CommandTreeTests {
    private let tree = CommandTree(sources: [
        "Main.swift": #"@main\#nstruct Tool: AsyncParsableCommand { commandName: "tool", subcommands: [LogCommand.self, Version.self] }"#,
        "Log.swift": """
            struct LogCommand: AsyncParsableCommand { commandName: "log", subcommands: [Verify.self]
              struct Verify: ParsableCommand { @Option(help: "x") var keyFile: String
                @Option(name: .customLong("for"), help: "y") var duration: String
                @Flag var noHeaders = false } }
            """,
        "Version.swift": "struct Version: ParsableCommand { } struct Verify: ParsableCommand { }",
    ])

    @Test(arguments: ["log verify --key-file=a --for 3s --no-headers", "version", "log --help", ""])
    func `a right command line has no findings`(line: String) throws {
        #expect(try #require(tree).findings(line.split(separator: " ").map(String.init)) == [])
    }

    @Test func `an unknown subcommand and an unknown option are found`() throws {
        let tree = try #require(tree)
        #expect(tree.findings(["verify"]) == ["tool has no subcommand verify"])
        #expect(tree.findings(["log", "gaps"]) == ["log has no subcommand gaps"])
        #expect(tree.findings(["log", "verify", "--keyFile", "--duration"]) == ["tool has no option --keyFile", "tool has no option --duration"])
    }
}

@Suite struct MarkdownTextTests {
    private let text = MarkdownText(
        """
        # Title
        See `Sources/A.swift`, [this](schema/b.sql), `noPath` and <https://example.com/Sources/c>.
        ## One
        | `a` | b |
        ```sh
        ./deploy/test clusters/ `not a span`
        ```
        | `c` | d |
        ## Two
        """)

    @Test func `paths are found in spans, links and shell blocks`() {
        #expect(text.projectPaths == ["Sources/A.swift", "schema/b.sql", "deploy/test", "clusters/"])
        #expect(text.spans == ["Sources/A.swift", "noPath", "a", "c"])
    }

    @Test func `a section is the prose up to the next heading`() {
        #expect(text.section("One") == ["| `a` | b |", "| `c` | d |"])
        #expect(text.firstCells(of: "One") == ["`a`", "`c`"])
        #expect(text.section("Three") == [])
    }
}

@Suite struct ManifestsTests {
    @Test func `what is started is read with its binary`() {
        let text = """
            command: [/usr/local/bin/fairlead-shipper]
            args:
              - run
              # a word about it
              - --listen=0.0.0.0:9200
            ports:
              - {name: x}
            ---
            args:
              - serve
            """
        #expect(Manifests.starts(in: text) == [
            .init(binary: "fairlead-shipper", words: ["run", "--listen=0.0.0.0:9200"]), .init(binary: "fairlead", words: ["serve"]),
        ])
    }

    @Test func `references are the entries of resources, components and files`() {
        let text = """
            resources:
              # why
              - ../a
              - b.yaml
            images:
              - name: fairlead
            files: [c.yaml, d]
            """
        #expect(Manifests.references(in: text) == ["../a", "b.yaml", "c.yaml", "d"])
        #expect(Manifests.resolve("../../x/y.yaml", in: "deploy/kustomize/overlays") == "deploy/x/y.yaml")
    }
}
