import Fleet
import Testing

/// Aim: no text, however spoiled, ends the process or yields half a configuration. Method: seeded edits of right files.
@Suite struct FleetFuzzTests {
    @Test func `spoiled text is either a whole configuration or a list of problems`() {
        var random = SplitMix(state: 42)
        let fragments = Array("abz019 :-#{}[]&*!|>'\"%@`,?\t\n~é\u{0}\u{FEFF}").map(String.init) + ["null", "---\n", "<<: ", "- ", "1e9", "&a ", "*a", "!!map ", "? "]
        let fixture = FleetFixture()
        var whole = 0
        for _ in 0..<1_000 {
            var copy = fixture
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if Bool.random(using: &random) { spoil(&copy.plant, fragments, &random) } else { spoil(&copy.fleet, fragments, &random) }
            }
            let (configuration, problems) = copy.read()
            #expect((configuration != nil) == problems.isEmpty)
            for problem in problems { #expect(problem.line >= 1 && problem.column >= 1 && !problem.message.isEmpty) }
            if configuration != nil { whole += 1 }
        }
        #expect(whole > 10, "an edit in a name leaves the fleet right; hardly one did, so the edits reach too little")
    }

    @Test func `hostile shapes are refused in bounded time`() {
        let deep = String(repeating: "[", count: 20_000)
        #expect(FleetDocument.read([(name: "deep.yaml", text: deep)]).configuration == nil)
        // Ten levels of ten aliases each: 10^10 words if it were ever unfolded.
        let bomb = (0..<10).map { "l\($0): &l\($0) [\($0 == 0 ? "x" : Array(repeating: "*l\($0 - 1)", count: 10).joined(separator: ","))]" }
        #expect(FleetDocument.read([(name: "bomb.yaml", text: bomb.joined(separator: "\n"))]).configuration == nil)
        let large = String(repeating: "# filler\n", count: 1 << 19)
        #expect(FleetDocument.read([(name: "large.yaml", text: large)]).problems.map(\.description) == ["large.yaml:1:1: the file is larger than 4 MiB"])
        let doubled = (0..<150).map { "k\($0 / 2): 1" }.joined(separator: "\n")
        #expect(FleetDocument.read([(name: "doubled.yaml", text: doubled)]).problems.count >= 20)
    }

    private func spoil(_ text: inout String, _ fragments: [String], _ random: inout SplitMix) {
        let position = text.index(text.startIndex, offsetBy: Int.random(in: 0...text.count, using: &random))
        switch Int.random(in: 0...2, using: &random) {
        case 0: text.insert(contentsOf: fragments.randomElement(using: &random)!, at: position)
        case 1: if position < text.endIndex { text.remove(at: position) }
        default: if position < text.endIndex { text.replaceSubrange(position...position, with: fragments.randomElement(using: &random)!) }
        }
    }
}
