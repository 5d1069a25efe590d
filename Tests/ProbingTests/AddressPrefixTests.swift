// Aim: an allow-list means what it says.
import Sockets
import Testing

@Suite struct AddressPrefixTests {
    @Test(arguments: [
        ("10.1.0.0/16", "10.1.255.255", true), ("10.1.0.0/16", "10.2.0.0", false), ("0.0.0.0/0", "203.0.113.9", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false), ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("::/0", "10.0.0.1", false), ("0.0.0.0/0", "::1", false),
        ("10.0.0.0/8", "::ffff:10.9.9.9", true), ("::1/128", "::1", true),
    ])
    func `a prefix holds exactly its addresses`(prefix: String, address: String, isInside: Bool) throws {
        let prefix = try #require(AddressPrefix(prefix))
        let address = try #require(IPAddress(address))
        #expect(prefix.contains(address) == isInside)
    }

    @Test(arguments: ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "host/8", "::/129", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/8/8", "10.0.0.0/+8"])
    func `what is no prefix is refused`(text: String) {
        #expect(AddressPrefix(text) == nil)
    }

    @Test func `addresses print as they are read`() {
        for text in ["127.0.0.1", "2001:db8::7", "::", "0.0.0.0"] { #expect(IPAddress(text)?.description == text) }
        #expect(IPAddress("::ffff:192.0.2.1")?.description == "192.0.2.1")
        #expect(Endpoint(IPAddress("::1")!, port: 862).description == "[::1]:862")
    }
}
