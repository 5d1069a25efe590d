// Aim: the house stays as it was drawn. Method: every source of the tree against the table and the rules.
import Testing

@Suite struct TidyTests {
    private let manifest: PackageManifest
    init() throws { manifest = PackageManifest(try ProjectTree.text("Package.swift")) }

    private func place(of target: PackageManifest.Target) -> String {
        target.path ?? "\(target.isTest ? "Tests" : "Sources")/\(target.name)"
    }
    private func each(_ rows: [ImportRow] = ImportTable.rows, _ rule: (SwiftSource, String, ImportRow) -> [Finding]) -> [Finding] {
        rows.flatMap { row in
            let target = manifest.targets.first { $0.name == row.target }
            return ProjectTree.sources(under: target.map(place) ?? "Sources/\(row.target)").flatMap { rule($0.source, $0.file, row) }
        }
    }

    @Test func `every target of the package has its row, and every row its target`() {
        let targets = manifest.targets.filter { !$0.isTest }.map(\.name)
        #expect(targets.count > 20, "the manifest was not understood")
        let rows = Set(ImportTable.rows.map(\.target))
        #expect(Set(targets).subtracting(rows) == [], "targets without a row")
        #expect(rows.subtracting(targets) == [], "rows without a target")
        #expect(Set(ImportTable.rows.map(\.target)).count == ImportTable.rows.count)
    }

    @Test func `every folder of sources and tests belongs to a target`() {
        let known = Set(manifest.targets.map(\.name)).union(["Support"])
        #expect(ProjectTree.folders(in: "Sources").subtracting(known) == [])
        #expect(ProjectTree.folders(in: "Tests").subtracting(known) == [])
    }

    @Test func `the table keeps the wall between core, processes and rim`() {
        #expect(TidyRules.wall(ImportTable.rows) == [])
    }

    @Test func `the manifest asks for nothing that the table does not allow`() {
        let findings = ImportTable.rows.flatMap { row in
            let target = manifest.targets.first { $0.name == row.target }
            return (target?.dependencies ?? []).subtracting(row.allowed).sorted().map { "\(row.target) → \($0)" }
        }
        #expect(findings == [])
    }

    @Test func `every import is allowed`() {
        let findings = each { TidyRules.imports($0, file: $1, row: $2) }
        #expect(findings == [])
    }

    @Test func `every import is declared in the manifest`() {
        let ours = Set(ImportTable.rows.map(\.target))
        let findings = manifest.targets.flatMap { target in
            ProjectTree.sources(under: place(of: target)).flatMap { file, source in
                source.imports
                    .filter { ours.contains($0.module) && $0.module != target.name && !target.dependencies.contains($0.module) }
                    .map { Finding(file: file, line: $0.line, problem: "\(target.name) does not declare \($0.module)") }
            }
        }
        #expect(findings == [])
    }

    @Test func `core and processes have no effect of their own`() {
        let findings = each(ImportTable.rows.filter(\.room.isPure)) { source, file, _ in TidyRules.effects(source, file: file) }
        #expect(findings == [])
    }

    @Test func `SQL stands in schema alone`() {
        let findings = each { source, file, _ in TidyRules.sql(source, file: file) }
        #expect(findings == [])
    }

    @Test func `no type is named like a module`() {
        let modules = Set(ImportTable.rows.map(\.target))
        let findings = each { source, file, _ in TidyRules.typeNames(source, file: file, modules: modules) }
        #expect(findings == [])
    }

    @Test func `no file outgrows its bound`() {
        let findings = ProjectTree.sources.sorted { $0.key < $1.key }.flatMap { TidyRules.length($0.value, file: $0.key) }
        #expect(ProjectTree.sources.count > 100, "the tree was not found")
        #expect(findings == [])
    }
}
