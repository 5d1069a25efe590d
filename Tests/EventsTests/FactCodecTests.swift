// Aim: every fact that was ever written can be read, for ever. Method: one sample of each kind, golden lines, and bodies with
// something missing.
import Events
import JSONDocument
import Quantities
import Testing

@Suite struct FactCodecTests {
    private func envelope(_ fact: Fact) -> EventEnvelope { EventEnvelope(fact, at: WallTime(microseconds: 0)) }

    @Test func `there is a sample of every kind`() {
        #expect(FactSamples.full.map(FactSamples.place(of:)) == Array(0..<FactSamples.full.count))
        #expect(Set(FactSamples.full.map(\.kind)).count == FactSamples.full.count)
        #expect(FactSamples.full.allSatisfy { Fact.newestVersion(ofKind: $0.kind) == Fact.version }, "and the log takes each")
    }

    @Test func `every fact is read back as it was written`() throws {
        for fact in FactSamples.full + FactSamples.lean { #expect(try envelope(fact).fact() == fact) }
    }

    @Test func `every body keeps its golden line`() throws {
        let lines = (FactSamples.full + FactSamples.lean).map { fact in
            let line: JSONValue = ["kind": .string(fact.kind), "version": .integer(Fact.version), "body": fact.body]
            return line.text + "\n"
        }
        try GoldenFile.expect(lines.joined(), in: "facts.jsonl")
    }

    @Test func `the golden lines are read as the facts that they were`() throws {
        let facts = FactSamples.full + FactSamples.lean
        var found = 0
        for (fact, line) in zip(facts, try GoldenFile.text("facts.jsonl").split(separator: "\n")) {
            let json = try JSONValue(parsing: String(line))
            let envelope = EventEnvelope(
                kind: try #require(json["kind"]?.string), version: Int16(try #require(json["version"]?.integer)), at: WallTime(microseconds: 0),
                body: try #require(json["body"]).text)
            #expect(try envelope.fact() == fact)
            found += 1
        }
        #expect(found == facts.count)
    }

    @Test func `equal facts give equal bytes, whatever the order of their labels was`() {
        let pairs = (0..<20).map { ("label\($0)", "\($0)") }
        func body(_ labels: [String: String]) -> String {
            Fact.alertChanged(AlertChange(fingerprint: "f", rule: "r", state: .firing, labels: labels, summary: "s")).body.text
        }
        #expect(body(Dictionary(uniqueKeysWithValues: pairs)) == body(Dictionary(uniqueKeysWithValues: pairs.reversed())))
    }

    @Test(arguments: [Int64.max, Int64.max / 1_000_000 + 1, Int64.min, -1])
    func `a grant's life that no clock can be moved by is refused`(milliseconds: Int64) throws {
        let body = #"{"cluster":"a","term":1,"version":1,"ttl_ms":\#(milliseconds),"folded_through":null,"rates":[]}"#
        let error = #expect(throws: FactError.self) {
            try EventEnvelope(kind: "grant_issued", version: 1, at: WallTime(microseconds: 0), body: body).fact()
        }
        #expect(error?.problem.contains("ttl_ms") == true)
    }

    @Test(arguments: [String(repeating: "+f", count: 32), String(repeating: "-0", count: 32), String(repeating: "é", count: 32), "ab"])
    func `a digest is 64 hexadecimal digits and no sign`(digits: String) throws {
        let body = #"{"first_seq":1,"last_seq":2,"digest_before":"\#(digits)","digest_after":"\#(digits)","cause":"c"}"#
        #expect(throws: FactError.self) {
            try EventEnvelope(kind: "entries_lost", version: 1, at: WallTime(microseconds: 0), body: body).fact()
        }
    }

    @Test func `a body without one of its fields is refused by name, unless the field is optional`() throws {
        let optional: Set<String> = ["from_100ns", "before_bps", "decision", "detail", "evidence", "folded_through", "capacity_bps", "lasts_ms", "kept"]
        for fact in FactSamples.full {
            for member in try #require(fact.body.members) 
            where !(optional.contains(member.key) && (fact.kind != "allocation_decided" || member.key == "kept")) {
                let rest = try #require(fact.body.members).filter { $0.key != member.key }
                let event = EventEnvelope(kind: fact.kind, version: 1, at: WallTime(microseconds: 0), body: JSONValue.object(rest).text)
                let error = #expect(throws: FactError.self, "\(fact.kind).\(member.key)") { try event.fact() }
                #expect(error?.kind == fact.kind)
                #expect(error?.problem.contains(member.key) == true, "\(error?.description ?? "-")")
            }
        }
    }

    @Test func `a field of a wrong kind or a negative rate is refused`() throws {
        for fact in FactSamples.full {
            for member in try #require(fact.body.members) {
                let wrong: JSONValue = member.value.string != nil ? .integer(-1) : .string("-1")
                let changed = try #require(fact.body.members).map { $0.key == member.key ? JSONValue.Member($0.key, wrong) : $0 }
                let event = EventEnvelope(kind: fact.kind, version: 1, at: WallTime(microseconds: 0), body: JSONValue.object(changed).text)
                // Optional texts count as absent when they are no text; all else is refused.
                do throws(FactError) { #expect(try event.fact() != fact) } catch { #expect(error.kind == fact.kind) }
            }
        }
        let negative = EventEnvelope(
            kind: "capacity_estimated", version: 1, at: WallTime(microseconds: 0),
            body: #"{"link":"l","effective_bps":-1,"before_bps":0,"cause":"suffered","evidence":null}"#)
        #expect(throws: FactError.self) { try negative.fact() }
    }

    @Test func `a kind of a later version and a body that is no JSON are refused`() {
        for (kind, body) in [("something_new", "{}"), ("grant_received", "{"), ("grant_received", "[]"), ("grant_received", "null")] {
            #expect(throws: FactError.self) { try EventEnvelope(kind: kind, version: 1, at: WallTime(microseconds: 0), body: body).fact() }
        }
    }

    @Test func `fields that a later version adds are passed over`() throws {
        let event = EventEnvelope(
            kind: "grant_received", version: 2, at: WallTime(microseconds: 0), body: #"{"term":7,"version":31,"new":{"a":[1]}}"#)
        #expect(try event.fact() == .grantReceived(GrantVersion(term: 7, version: 31)))
    }

    @Test func `a grant is read back from the text that answers shippers`() throws {
        for fact in FactSamples.full + FactSamples.lean {
            guard case .grantIssued(let grant) = fact else { continue }
            #expect(try Grant(bodyText: grant.bodyText) == grant)
            #expect(grant.bodyText == fact.body.text)
        }
        #expect(throws: FactError.self) { try Grant(bodyText: "{}") }
    }

    @Test func `the detail of a patch is bounded`() {
        let patch = PatchRecord(
            cluster: "a", workload: "b", desired: .zero, result: .refused, decision: nil, term: 1, detail: String(repeating: "x", count: 5_000))
        #expect(patch.detail?.utf8.count == 300)
    }
}
