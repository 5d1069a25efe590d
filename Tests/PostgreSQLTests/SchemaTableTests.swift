import Foundation
import Schema
import Testing

/// Aim: the hand-written tables of `Schema.swift` list exactly the files, with their exact text. Method: read the directories.
@Suite struct SchemaTableTests {
    private let schema = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../schema").standardized

    private func files(_ folder: String) throws -> [String: String] {
        var texts: [String: String] = [:]
        for file in try FileManager.default.contentsOfDirectory(at: schema.appending(path: folder), includingPropertiesForKeys: nil)
        where file.pathExtension == "sql" {
            texts[file.deletingPathExtension().lastPathComponent] = try String(contentsOf: file, encoding: .utf8)
        }
        return texts
    }
    private func table(_ statements: [EmbeddedStatement]) -> [String: String] {
        Dictionary(statements.map { ($0.name, $0.text) }) { first, _ in first }
    }

    @Test func `every query and spool statement is in the table, word for word`() throws {
        #expect(table(Query.all) == (try files("queries")))
        #expect(table(SpoolStatement.all) == (try files("spool")))
        #expect(Set(Query.all.map(\.name)).count == Query.all.count)
    }

    @Test func `migrations are numbered from 1 without a hole, and say which binaries still work`() throws {
        #expect(table(MigrationScript.all.map(\.statement)) == (try files("migrations")))
        #expect(MigrationScript.all.map(\.number) == Array(1..<Int32(MigrationScript.all.count + 1)))
        for migration in MigrationScript.all {
            let number = String(migration.number)
            #expect(migration.statement.name.hasPrefix(String(repeating: "0", count: 4 - number.count) + number + "_"))
            #expect(migration.statement.text.contains("-- oldest-binary: \(migration.oldestBinary)\n"))
            #expect(migration.oldestBinary <= migration.number)
        }
    }

    @Test func `every query begins with a header that names parameters and rows`() throws {
        for query in Query.all {
            #expect(query.text.hasPrefix("-- "), "\(query.name)")
            #expect(query.text.contains("Parameters:") && query.text.contains("Rows:"), "\(query.name)")
        }
    }
}
