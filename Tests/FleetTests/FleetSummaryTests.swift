import Fleet
import Testing

/// Aim: the summary of a right fleet, and of a wrong one, word for word.
@Suite struct FleetSummaryTests {
    @Test func `a fleet stands on one screen`() throws {
        let fleet = try #require(FleetFixture().read().configuration)
        #expect(FleetSummary.table(of: fleet) == """
            small: 1 cluster, 2 links, 1 critical flow, 1 managed workload, 2 loops; plateau@1 every 5s

            CLUSTER  MODE     DELIVERY  FLOWS  WORKLOADS  LINKS
            plant-a  observe  pull      1      1          uplink, wan

            """)
    }

    @Test func `problems are counted with their files`() {
        let problems = FleetFixture().fleet("1G", "1").plant("5201", "0").plant("floor: 10M", "floor: 1").read().problems
        #expect(FleetSummary.sentence(of: problems) == "3 problems in 2 files")
    }
}
