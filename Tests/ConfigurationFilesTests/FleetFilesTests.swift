import ConfigurationFiles
import Fleet
import Foundation
import Testing

/// Aim: which files count, and what is said where they cannot be read. Method: a directory of one's own for each test.
@Suite struct FleetFilesTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "fleet-files-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: directory.appending(path: name))
    }
    private func remove() { try? FileManager.default.removeItem(at: directory) /* a leftover in /tmp harms no test */ }

    @Test func `a directory gives its own yaml files in order of name`() throws {
        defer { remove() }
        try write("b.yaml", "b")
        try write("a.yml", "a")
        try write("notes.txt", "no")
        try write(".hidden.yaml", "no")
        try FileManager.default.createDirectory(at: directory.appending(path: "sub"), withIntermediateDirectories: true)
        try write("sub/c.yaml", "no")
        let files = try FleetFiles.load([directory.path, directory.appending(path: "b.yaml").path])
        #expect(files.map(\.name) == ["\(directory.path)/a.yml", "\(directory.path)/b.yaml"])
        #expect(files.map(\.text) == ["a", "b"])
    }

    @Test func `what cannot be read is said with its path`() throws {
        defer { remove() }
        #expect(throws: FleetFilesError.self) { try FleetFiles.load(["/nowhere/at/all"]) }
        #expect(error(["/nowhere/at/all"])?.description == "/nowhere/at/all: there is no such file or directory")
        #expect(error([directory.path])?.code == .nothingFound)
        try Data([0xC3, 0x28]).write(to: directory.appending(path: "bad.yaml"))
        #expect(error([directory.path])?.code == .notText)
        #expect(error(["/dev/zero"])?.code == .notAFile)
    }

    @Test func `a file above the bound is a problem, not a crash`() throws {
        defer { remove() }
        try write("large.yaml", String(repeating: "# filler\n", count: 1 << 19))
        let problems = try FleetFiles.read([directory.path]).problems
        #expect(problems.map(\.message) == ["the file is larger than 4 MiB"])
    }

    private func error(_ paths: [String]) -> FleetFilesError? {
        do throws(FleetFilesError) {
            _ = try FleetFiles.load(paths)
            return nil
        } catch {
            return error
        }
    }
}
