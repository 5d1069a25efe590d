/// A step from a JSON value into one of its parts.
enum JSONStep: Hashable, Sendable {
    case key(String)
    case index(Int)
    /// The key itself, where the key is what is wrong.
    case keyItself(String)
}

/// Where in a text a part of a JSON document stands. Used for errors only: the text was read before and is known to be JSON.
struct JSONPlace {
    /// `demands[3].min`.
    static func path(_ steps: [JSONStep]) -> String {
        var text = ""
        for step in steps {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key), .keyItself(let key): text += (text.isEmpty ? "" : ".") + key
            }
        }
        return text
    }

    /// Line and column, from 1, of the value (or key) at `steps`; of the last part on the way that exists.
    static func find(_ steps: [JSONStep], in bytes: [UInt8]) -> (line: Int, column: Int) {
        var walker = JSONPlace(bytes: bytes)
        walker.walk(steps[...])
        return lineAndColumn(of: walker.position, in: bytes)
    }

    static func lineAndColumn(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = bytes[..<min(offset, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return (before.count { $0 == UInt8(ascii: "\n") } + 1, before.count - lineStart + 1)
    }

    private let bytes: [UInt8]
    private var position = 0

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        skipSpace()
    }

    private mutating func walk(_ steps: ArraySlice<JSONStep>) {
        guard let step = steps.first else { return }
        let start = position
        switch step {
        case .index(let index):
            guard enter("[") else { return }
            for _ in 0..<index where !passValue() { return position = start }
        case .key(let key), .keyItself(let key):
            guard enter("{") else { return }
            while true {
                let keyStart = position
                guard let name = passString() else { return position = start }
                if name == key {
                    if case .keyItself = step { return position = keyStart }
                    passColon()
                    break
                }
                passColon()
                guard passValue() else { return position = start }
            }
        }
        walk(steps.dropFirst())
    }

    private mutating func enter(_ bracket: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: bracket) else { return false }
        position += 1
        skipSpace()
        return true
    }

    private mutating func passColon() {
        skipSpace()
        position += 1
        skipSpace()
    }

    /// Passes a value and the comma behind it; false where none follows.
    private mutating func passValue() -> Bool {
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard passString() != nil else { return false }
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard depth > 0 else { return false }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                position += 1
                skipSpace()
                return true
            default: break
            }
            position += 1
        }
        return false
    }

    /// Passes a string and answers its text; an escape other than \" and \\ stays as written, which finds all keys we know.
    private mutating func passString() -> String? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
        var content: [UInt8] = []
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count {
                position += 1
                if bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") { content.append(UInt8(ascii: "\\")) }
            }
            content.append(bytes[position])
            position += 1
        }
        position += 1
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position]) { position += 1 }
    }
}
