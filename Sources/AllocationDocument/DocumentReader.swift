import JSONDocument
import Quantities

/// Takes values out of a JSON document and says where a wrong one stands.
struct DocumentReader {
    typealias Path = [JSONStep]
    let bytes: [UInt8]

    /// Reads the text; what is no JSON is refused with its place.
    static func parse(_ bytes: [UInt8]) throws(AllocationDocumentError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw AllocationDocumentError(line: error.line, column: error.column, path: "", problem: explained(error, bytes))
        }
    }

    /// JSON has no NaN and no infinity, but programs write them.
    private static func explained(_ error: JSONError, _ bytes: [UInt8]) -> String {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: error.line, omittingEmptySubsequences: false)
        guard error.line <= lines.count else { return error.problem }
        // A sign is read before it is seen that no digit follows.
        for start in [error.column - 1, error.column - 2] where start >= 0 {
            let rest = String(decoding: lines[error.line - 1].dropFirst(start).prefix(9), as: UTF8.self)
            for word in ["NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"] where rest.hasPrefix(word) {
                return "\(word) is not a number; write digits, or null for a maximum without bound"
            }
        }
        return error.problem
    }

    func failure(_ path: Path, _ problem: String) -> AllocationDocumentError {
        let place = JSONPlace.find(path, in: bytes)
        return AllocationDocumentError(line: place.line, column: place.column, path: JSONPlace.path(path), problem: problem)
    }

    /// The members of an object by key; an unknown or a missing key is refused.
    func members(
        _ value: JSONValue, _ path: Path, required: [String], optional: [String]
    ) throws(AllocationDocumentError) -> [String: JSONValue] {
        guard let members = value.members else { throw failure(path, "an object should stand here, not \(kind(of: value))") }
        var found: [String: JSONValue] = Dictionary(minimumCapacity: members.count)
        for member in members {
            guard required.contains(member.key) || optional.contains(member.key) else {
                let nearest = Nearest.to(member.key, among: required + optional).map { "; did you mean \"\($0)\"?" } ?? ""
                throw failure(path + [.keyItself(member.key)], "there is no key \"\(member.key)\" here\(nearest)")
            }
            found[member.key] = member.value
        }
        for key in required where found[key] == nil { throw failure(path, "the key \"\(key)\" is missing") }
        return found
    }

    func array(_ value: JSONValue?, _ path: Path) throws(AllocationDocumentError) -> [JSONValue] {
        guard let value else { return [] }
        guard let elements = value.array else { throw failure(path, "a list should stand here, not \(kind(of: value))") }
        return elements
    }

    func string(_ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> String {
        guard let text = value.string else { throw failure(path, "a text in quotes should stand here, not \(kind(of: value))") }
        return text
    }

    func identifier(_ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> String {
        let text = try string(value, path)
        guard !text.isEmpty else { throw failure(path, "an id is empty") }
        return text
    }

    func decimal(_ value: JSONValue, _ path: Path) throws(AllocationDocumentError) -> ExactDecimal {
        guard case .number(let digits) = value else {
            throw failure(path, "a number should stand here, not \(kind(of: value))")
        }
        return ExactDecimal(json: digits)
    }

    /// A rate in billionths of a bit per second, so that a reservation is taken off before anything is rounded.
    func billionths(_ value: JSONValue, _ unit: RateUnit, _ path: Path) throws(AllocationDocumentError) -> Int128 {
        let number = try decimal(value, path)
        guard !number.isNegative else { throw failure(path, "a rate is never negative") }
        guard let billionths = number.scaled(byPowerOfTen: unit.power + 9),
            billionths <= Int128(BitRate.maximum.bitsPerSecond) * 1_000_000_000
        else { throw failure(path, "the rate is above the highest believed, \(unit.text(.maximum)) \(unit.rawValue)") }
        return billionths
    }

    /// A rate in whole bits per second; a fraction of a bit is dropped.
    func rate(_ value: JSONValue, _ unit: RateUnit, _ path: Path) throws(AllocationDocumentError) -> BitRate {
        BitRate(bitsPerSecond: Int64(try billionths(value, unit, path) / 1_000_000_000))
    }

    func kind(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// The word that somebody may have meant.
enum Nearest {
    /// The nearest of some words, if fewer than half of the letters differ.
    static func to(_ word: String, among words: some Sequence<String>) -> String? {
        var best: (word: String, distance: Int)?
        for candidate in words {
            let distance = distance(Array(word.utf8), Array(candidate.utf8))
            if distance * 2 <= max(word.utf8.count, candidate.utf8.count), distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Levenshtein's: insertions, deletions and replacements.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(diagonal + (a == b ? 0 : 1), above + 1, row[j] + 1)
                diagonal = above
            }
        }
        return row[right.count]
    }
}
