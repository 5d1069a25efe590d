internal import Quantities

/// What PostgreSQL stores of a password (SCRAM-SHA-256, RFC 5802 and 7677): made here, so that the password itself never travels in a
/// statement and stands in no server's log.
public enum ScramVerifier {
    public static let iterations = 4_096
    public static let saltBytes = 16

    /// `SCRAM-SHA-256$4096:SALT$STORED-KEY:SERVER-KEY`. The password in ASCII: others would need a normal form (RFC 4013) first.
    public static func make(password: String, salt: [UInt8]) -> String {
        precondition(password.utf8.allSatisfy { $0 < 128 }, "the password is ASCII")
        // PBKDF2 with one block: the output is as long as the hash.
        let key = HMACSHA256Key(Array(password.utf8))
        var block = key.authenticator(of: salt + [0, 0, 0, 1])
        var salted = block
        for _ in 1..<iterations {
            block = key.authenticator(of: block)
            for place in salted.indices { salted[place] ^= block[place] }
        }
        let keyed = HMACSHA256Key(salted)
        let stored = sha256(keyed.authenticator(of: Array("Client Key".utf8))).bytes
        let server = keyed.authenticator(of: Array("Server Key".utf8))
        return "SCRAM-SHA-256$\(iterations):\(Base64.encode(salt))$\(Base64.encode(stored)):\(Base64.encode(server))"
    }
}
