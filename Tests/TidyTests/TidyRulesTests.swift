// Aim: the rules themselves find what they should and nothing else. Method: planted breaches, in strings.
import Testing

@Suite struct SwiftSourceTests {
    @Test func `imports are read with attributes, access and kind, and not from comments and strings`() {
        let source = SwiftSource(
            """
            import Alpha
            public import Beta
            @testable internal import Gamma
            import struct Delta.Thing
              fileprivate import Epsilon // import Zeta
            // import Eta
            /* import Theta /* import Iota */
            import Kappa */
            let text = "import Lambda"
            let long = #\"\"\"
            import Mu
            \"\"\"#
            let important = 1
            """)
        #expect(source.imports.map(\.module) == ["Alpha", "Beta", "Gamma", "Delta", "Epsilon"])
        #expect(source.imports.map(\.line) == [1, 2, 3, 4, 5])
    }

    @Test func `strings lose their contents and keep the code of their interpolations`() {
        let source = SwiftSource(#"let a = "x \(call(")", "Task {")) y"; sleep(1) // done"#)
        #expect(source.code.contains("call("))
        #expect(source.code.contains("sleep(1)"))
        #expect(!source.code.contains("Task"))
        #expect(!source.code.contains("done"))
        #expect(source.literals.map(\.text) == [")", "Task {", "x   y"])
    }

    @Test func `escapes, raw strings and quotes inside long strings do not end a string early`() {
        let source = SwiftSource(##"let a = "\"b\\"; let c = #"d"e\n"#; let f = 1"##)
        #expect(source.literals.count == 2)
        #expect(source.code.contains("let f = 1"))
        let long = SwiftSource("let a = \"\"\"\n  b \"c\" d\n  \"\"\"\nlet e = 2")
        #expect(long.literals == [SwiftSource.Literal(line: 1, text: "\n  b \"c\" d\n  ")])
        #expect(long.codeLines[3] == "let e = 2")
    }
}

@Suite struct TidyRulesTests {
    private let core = ImportRow("ControlLaw", .core, ["Quantities"])

    @Test(arguments: ["PostgreSQL", "Foundation", "Glibc", "Dispatch", "Shipper"])
    func `an import that the row does not allow is found`(module: String) {
        let source = SwiftSource("import Quantities\npublic import \(module)\n")
        #expect(
            TidyRules.imports(source, file: "f", row: core)
                == [Finding(file: "f", line: 2, problem: "ControlLaw (core) may not import \(module)")])
    }

    @Test(arguments: [
        "let a = Date()", "Date.now", "ContinuousClock.now", "SuspendingClock()", "clock_gettime(CLOCK_MONOTONIC, &t)", "time(nil)",
        "var g = SystemRandomNumberGenerator()", "Int.random(in: 0...1)", "list.shuffled()", "list.randomElement()", "UUID()",
        "Task { }", "Task{", "Task.detached {", "Task(priority: .low) {", "Task<Void, Never> {", "Task.sleep(for: x)", "usleep(1)",
        "sleep(1)", "DispatchQueue.main", "Thread.current", "pthread_create(a)", "getenv(\"A\")", "print(1)", "FileManager.default",
    ])
    func `an effect in the core is found`(code: String) {
        #expect(!TidyRules.effects(SwiftSource("func f() {\n    \(code)\n}"), file: "f").isEmpty)
        #expect(TidyRules.effects(SwiftSource("// \(code)\n"), file: "f").isEmpty)
    }

    @Test(arguments: [
        "Int.random(in: 0...1, using: &random)", "list.shuffled(using: &random)", "let date = civilDate(daysSinceEpoch: 1)", "TaskGroup<Int>.self",
        "await withTaskGroup(of: Int.self) { }", "let time = now", "asleep(1)", "reprint(1)", "update.print(1)", "Threads.count", "Task.isCancelled",
        "dateless(1)",
    ])
    func `what only looks like an effect is left alone`(code: String) {
        #expect(TidyRules.effects(SwiftSource(code), file: "f") == [])
    }

    @Test(arguments: [
        "SELECT 1", "WITH a AS (SELECT x FROM y) b", "INSERT INTO t VALUES (1)", "INSERT OR REPLACE INTO t", "UPDATE fairlead.stream SET a = 1",
        "DELETE FROM t", "PRAGMA journal_mode = wal", "CREATE TABLE t (a int4)", "ALTER ROLE r LOGIN", "GRANT SELECT ON t TO r",
        "WITH RECURSIVE t (a) AS (VALUES (1)) TABLE t",
    ])
    func `SQL in a string is found, long strings and raw ones included`(sql: String) {
        #expect(TidyRules.sql(SwiftSource("let a = 1\nlet b = \"\(sql)\""), file: "f").map(\.line) == [2])
        #expect(TidyRules.sql(SwiftSource("let b = #\"\"\"\n\(sql)\n\"\"\"#"), file: "f").map(\.line) == [1])
        #expect(TidyRules.sql(SwiftSource("// \(sql)"), file: "f") == [])
    }

    @Test(arguments: ["Select a cluster", "UPDATE the fleet, then SET sail", "the SELECTED one", "Insert into the slot", "CREATE a cluster", "WITH care"])
    func `a sentence is no SQL`(sentence: String) {
        #expect(TidyRules.sql(SwiftSource("let a = \"\(sentence)\""), file: "f") == [])
    }

    @Test func `a type named like a module is found, and its use is not`() {
        let source = SwiftSource("public struct Spool {}\nfinal class Other {}\nlet a: Spool.B\nenum SpoolError {}")
        #expect(TidyRules.typeNames(source, file: "f", modules: ["Spool", "Fleet"]).map(\.line) == [1])
    }

    @Test func `a file at the bound is found, one line less is not`() {
        let text = String(repeating: "x\n", count: TidyRules.lineBound)
        #expect(TidyRules.length(SwiftSource(text), file: "f").count == 1)
        #expect(TidyRules.length(SwiftSource(String(text.dropLast(2))), file: "f").isEmpty)
    }

    @Test func `a row that breaks the wall is found`() {
        let rows = [
            ImportRow("Core", .core, ["Rim"]), ImportRow("Process", .process, ["Core", "Process", "Yams"]),
            ImportRow("Rim", .rim, ["Process", "Core", "GRDB"]), ImportRow("Top", .top, ["Core", "Process", "Rim", "Main"]),
            ImportRow("Main", .executable, ["Top"]),
        ]
        #expect(TidyRules.wall(rows).map(\.file) == ["Core", "Process", "Rim", "Rim", "Top"])
    }
}

@Suite struct PackageManifestTests {
    @Test func `targets are read in all the manners of writing them`() {
        let manifest = PackageManifest(
            """
            func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target { .target(name: name, dependencies: dependencies) }
            let yams = Target.Dependency.product(name: "Yams", package: "Yams")
            targets: [
                .systemLibrary(name: "CLib", pkgConfig: "lib"),
                core("Alpha"),
                core("Beta", ["Alpha", yams]),
                .target(
                    name: "Gamma", path: "gamma", sources: ["Gamma.swift"], resources: [.embedInCode("queries")]),
                .executableTarget(
                    name: "delta", dependencies: ["Beta",
                                                  "Gamma"], swiftSettings: strict),
                tests("BetaTests", ["Beta"]),
                .target(name: "Helper", path: "Tests/Support/Helper"),
            ]
            """)
        #expect(
            manifest.targets == [
                .init(name: "CLib", isTest: false, path: nil, dependencies: []),
                .init(name: "Alpha", isTest: false, path: nil, dependencies: []),
                .init(name: "Beta", isTest: false, path: nil, dependencies: ["Alpha", "Yams"]),
                .init(name: "Gamma", isTest: false, path: "gamma", dependencies: []),
                .init(name: "delta", isTest: false, path: nil, dependencies: ["Beta", "Gamma"]),
                .init(name: "BetaTests", isTest: true, path: nil, dependencies: ["Beta"]),
                .init(name: "Helper", isTest: true, path: "Tests/Support/Helper", dependencies: []),
            ])
    }
}
