import Foundation
import Testing

/// A file of expected text beside the tests. Set FAIRLEAD_REWRITE_GOLDEN=1 to write what was found instead, and read the difference.
enum GoldenFile {
    static func expect(_ found: String, in name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)")
        if ProcessInfo.processInfo.environment["FAIRLEAD_REWRITE_GOLDEN"] == "1" {
            try Data(found.utf8).write(to: file)
        }
        #expect(try found == String(contentsOf: file, encoding: .utf8), sourceLocation: sourceLocation)
    }
}
