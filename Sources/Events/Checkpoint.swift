import JSONDocument
public import Quantities

/// What all streams held at one moment, signed: kept outside the database, it finds a log that was rewritten as a whole.
///
/// Checkpoints stand in a stream of their own, each naming the one before it. The root is a Merkle tree (RFC 6962) over the heads in
/// the order of the streams' names; the signature (Ed25519) is made with a key that the database never sees.
public struct Checkpoint: Equatable, Sendable {
    public struct Head: Equatable, Sendable {
        public var stream: StreamName
        public var head: StreamHead
        public init(stream: StreamName, head: StreamHead) {
            self.stream = stream
            self.head = head
        }
    }
    public static let kind = "checkpoint_made"
    public static let version: Int16 = 1

    /// Counts from 1.
    public var number: Int64
    /// The digest of the checkpoint before it; zero for the first.
    public var previous: Digest
    public var at: WallTime
    public var root: Digest
    /// Names the signing key: the first eight bytes of its SHA-256.
    public var key: String
    public var heads: [Head]
    /// 64 bytes.
    public var signature: [UInt8]

    /// An unsigned one: sign `message` and set `signature`.
    public init(number: Int64, previous: Digest, at: WallTime, key: String, heads: [Head], hash: HashFunction) {
        self.number = number
        self.previous = previous
        self.at = at
        self.key = key
        self.heads = heads.sorted { Array($0.stream.text.utf8).lexicographicallyPrecedes(Array($1.stream.text.utf8)) }
        self.root = Checkpoint.root(of: self.heads, hash: hash)
        self.signature = []
    }

    /// What is signed, and what the next checkpoint names by its digest.
    public var message: [UInt8] {
        Array("fairlead-checkpoint/1\n\(number)\n\(previous)\n\(at.microseconds)\n\(root)\n\(key)\n".utf8)
    }

    /// The root of these heads, sorted by name already. The digest of nothing for none.
    public static func root(of heads: [Head], hash: HashFunction) -> Digest {
        guard !heads.isEmpty else { return hash.digest([]) }
        let leaves = heads.map { leaf in
            var bytes: [UInt8] = [0]
            bytes += Array(leaf.stream.text.utf8)
            bytes.append(0)
            for shift in stride(from: Int64(56), through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: leaf.head.sequence >> shift)) }
            bytes += leaf.head.digest.bytes
            return hash.digest(bytes)
        }
        return root(of: leaves[...], hash: hash)
    }

    private static func root(of leaves: ArraySlice<Digest>, hash: HashFunction) -> Digest {
        if leaves.count == 1, let leaf = leaves.first { return leaf }
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        let left = root(of: leaves.prefix(half), hash: hash)
        let right = root(of: leaves.dropFirst(half), hash: hash)
        return hash.digest([1] + left.bytes + right.bytes)
    }

    /// The body as it stands on the log, and as a line of an exported file.
    public var text: String {
        let json: JSONValue = [
            "number": .integer(number), "previous": .string(previous.description), "at_us": .integer(at.microseconds),
            "root": .string(root.description), "key": .string(key), "signature": .string(hexadecimal(signature)),
            "heads": .array(
                heads.map { .array([.string($0.stream.text), .integer($0.head.sequence), .string($0.head.digest.description)]) }),
        ]
        return json.text
    }

    /// Reads what `text` writes; nil for anything else. Whether the root and the signature are right is the verifier's question.
    public init?(text: String) {
        guard let json = try? JSONValue(parsing: text), let number = json["number"]?.integer,
            let previous = json["previous"]?.string.flatMap(Checkpoint.digest), let at = json["at_us"]?.integer,
            let root = json["root"]?.string.flatMap(Checkpoint.digest), let key = json["key"]?.string,
            let signature = json["signature"]?.string.flatMap(bytes(hexadecimal:)), let heads = json["heads"]?.array
        else { return nil }
        self.number = number
        self.previous = previous
        self.at = WallTime(microseconds: at)
        self.root = root
        self.key = key
        self.signature = signature
        self.heads = []
        for head in heads {
            guard let parts = head.array, parts.count == 3, let stream = parts[0].string, let sequence = parts[1].integer,
                let digest = parts[2].string.flatMap(Checkpoint.digest)
            else { return nil }
            self.heads.append(Head(stream: StreamName(stream), head: StreamHead(sequence: sequence, digest: digest)))
        }
    }

    private static func digest(_ text: String) -> Digest? { bytes(hexadecimal: text).flatMap { Digest(bytes: $0) } }
}

extension StreamName {
    /// Where the coordinator's checkpoints stand; its epoch is the coordinator's term.
    public static let checkpoint: StreamName = "checkpoint"
}

/// Nil for anything but pairs of lower-case hexadecimal digits.
public func bytes(hexadecimal text: String) -> [UInt8]? {
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for place in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[place]), let low = value(digits[place + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}
