import Events
import Fleet
import Quantities
import Testing

@testable import fairlead

/// Aim: a plan with the files of another fleet is refused, and one with files that differ in part says where. Method: one fleet, and
/// logs that tell of it, of another, or of both.
@Suite struct FilesAgainstLogTests {
    private let fleet = FleetConfiguration(
        name: "f", links: [LinkSpecification(id: "wan", capacity: .megabits(300))],
        clusters: ["plant-a", "plant-b"].map { id in
            ClusterSpecification(
                id: id, delivery: .pull, mode: .enforce, enforcer: .simulated(url: "http://x"),
                guardrails: Guardrails(minimum: .megabits(5), maximum: .megabits(1000)))
        })
    private func allocation(_ links: [LinkID: BitRate]) -> AllocationRecord {
        AllocationRecord(
            version: GrantVersion(term: 1, version: 1), isFeasible: true,
            links: links.sorted { $0.key < $1.key }.map { .init(link: $0.key, configured: $0.value, effective: $0.value, reserved: .zero, used: .zero) },
            shares: [], certificate: "{}", foldedThrough: [])
    }

    @Test func `the fleet's own files are taken without a word`() {
        let fit = FilesAgainstLog(fleet, clusters: ["plant-a", "plant-b"], newest: allocation(["wan": .megabits(300)]))
        #expect(fit.refusal == nil && fit.warnings.isEmpty)
        let unallocated = FilesAgainstLog(fleet, clusters: ["plant-a", "plant-b"], newest: nil)
        #expect(unallocated.refusal == nil && unallocated.warnings.isEmpty)
    }

    @Test func `files of other clusters, or of the same clusters on other links, are refused by name`() {
        #expect(FilesAgainstLog(fleet, clusters: ["x"], newest: nil).refusal
            == "no cluster of these files is on the log: they have plant-a, plant-b, the log has x; give --config the files that serve reads")
        #expect(FilesAgainstLog(fleet, clusters: ["plant-a"], newest: allocation(["uplink": .megabits(1)])).refusal
            == "no link of these files is in the newest allocation: they have wan, it has uplink; give --config the files that serve reads")
        #expect(FilesAgainstLog(fleet, clusters: [], newest: nil).refusal == "no cluster has written to the log yet")
    }

    @Test func `what differs in part is a warning each`() {
        let fit = FilesAgainstLog(fleet, clusters: ["plant-a", "plant-x"], newest: allocation(["wan": .megabits(200), "old": .megabits(1)]))
        #expect(fit.refusal == nil)
        #expect(fit.warnings.map { $0.dropFirst("these files are not quite those of the running fleet: ".count).prefix { $0 != ";" } } == [
            "plant-b of the files has written nothing to the log", "plant-x on the log is in no file", "old of the newest allocation is in no file",
            "wan has 300 Mbit/s in the files and 200 Mbit/s in the newest allocation",
        ])
    }
}
