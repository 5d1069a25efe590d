@testable import Fleet
import Testing

/// Aim: the hint names what was meant. Method: the table-filling distance against the plain recursion, on random short words.
@Suite struct NearestNameTests {
    @Test func `the distance is that of the plain recursion`() {
        var random = SplitMix(state: 7)
        for _ in 0..<500 {
            let words = (0..<2).map { _ in (0..<Int.random(in: 0...5, using: &random)).map { _ in Character(["a", "b", "c"].randomElement(using: &random)!) } }
            #expect(NearestName.edits(from: String(words[0]), to: String(words[1])) == recursive(words[0], words[1]))
        }
    }

    @Test func `a word that resembles nothing gets the list of what is known`() {
        #expect(NearestName.hint(for: "zebra", among: ["port", "links"]) == "known: links, port")
        #expect(NearestName.hint(for: "Prot", among: ["port", "links"]) == "did you mean 'port'?")
        #expect(NearestName.hint(for: "x", among: []) == "there is none")
    }

    private func recursive(_ left: [Character], _ right: [Character]) -> Int {
        guard let a = left.last, let b = right.last else { return left.count + right.count }
        let (shorterLeft, shorterRight) = (Array(left.dropLast()), Array(right.dropLast()))
        var best = min(recursive(shorterLeft, right) + 1, recursive(left, shorterRight) + 1, recursive(shorterLeft, shorterRight) + (a == b ? 0 : 1))
        if left.count > 1, right.count > 1, a == right[right.count - 2], b == left[left.count - 2] {
            best = min(best, recursive(Array(left.dropLast(2)), Array(right.dropLast(2))) + 1)
        }
        return best
    }
}
