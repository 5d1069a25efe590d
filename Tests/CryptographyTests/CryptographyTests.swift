// Aim: libcrypto is called right. Method: the published vectors of each standard, and what must be refused.
import Cryptography
import Quantities
import Testing

@Suite struct CryptographyTests {
    @Test func `SHA-256 gives the digests of FIPS 180-4`() {
        #expect(sha256([]).description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            HashFunction.libcrypto.digest(Array("abc".utf8)).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `HMAC gives the values of RFC 4231, empty key and message included`() {
        #expect(
            hexadecimal(hmacSHA256(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            hexadecimal(hmacSHA256(key: [UInt8](repeating: 0xaa, count: 131), message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        // As `openssl dgst -sha256 -hmac ''` prints it.
        #expect(
            hexadecimal(hmacSHA256(key: [], message: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `comparison in constant time agrees with equality`() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
    }

    @Test func `random bytes have the length asked for and do not repeat`() {
        #expect(secureRandomBytes(count: 0).isEmpty)
        let draws = (0..<100).map { _ in secureRandomBytes(count: 16) }
        #expect(draws.allSatisfy { $0.count == 16 })
        #expect(Set(draws).count == 100)
    }

    @Test func `base 64 gives the vectors of RFC 4648 and reads them back`() {
        let vectors = ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=", "foobar": "Zm9vYmFy"]
        for (plain, encoded) in vectors {
            #expect(Base64.encode(Array(plain.utf8)) == encoded)
            #expect(Base64.decode(encoded) == Array(plain.utf8))
        }
        let all = (0...255).map { UInt8($0) }
        #expect(Base64.decode(Base64.encode(all)) == all)
    }

    @Test(arguments: ["Zg=", "Zg", "Z===", "Zh==", "Zm9=v", "Zm 9", "Zm9-", "===="])
    func `base 64 that is not canonical is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `Ed25519 signs as RFC 8032 test 2 and refuses any changed bit`() throws {
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
        let publicKey = try #require(Ed25519.publicKey(ofSeed: seed))
        #expect(hexadecimal(publicKey) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        let signature = try #require(Ed25519.sign([0x72], seed: seed))
        #expect(
            hexadecimal(signature)
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        #expect(Ed25519.verify(signature, of: [0x72], publicKey: publicKey))
        #expect(!Ed25519.verify(signature, of: [0x73], publicKey: publicKey))
        for bit in stride(from: 0, to: 512, by: 37) {
            var changed = signature
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(!Ed25519.verify(changed, of: [0x72], publicKey: publicKey))
        }
        #expect(Ed25519.sign([], seed: [1, 2, 3]) == nil)
        #expect(!Ed25519.verify([1], of: [], publicKey: publicKey))
    }
}

private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Aim: the verifier is the one that PostgreSQL would make of the same password. Method: the example of RFC 7677, section 3.
@Suite struct ScramVerifierTests {
    @Test func `the keys are those of the published exchange`() throws {
        // Password "pencil", salt W22ZaJ0SNY7soEsUEjb6gQ==, 4096 rounds. The exchange gives the server's signature; it is made with the
        // server key over the exchange's own text.
        let salt = try #require(Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
        let verifier = ScramVerifier.make(password: "pencil", salt: salt)
        let parts = verifier.split(whereSeparator: { $0 == "$" || $0 == ":" }).map(String.init)
        #expect(parts.count == 5 && parts[0] == "SCRAM-SHA-256" && parts[1] == "4096" && parts[2] == "W22ZaJ0SNY7soEsUEjb6gQ==")
        let serverKey = try #require(Base64.decode(parts[4]))
        let exchange = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        #expect(Base64.encode(hmacSHA256(key: serverKey, message: Array(exchange.utf8))) == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    }
}
