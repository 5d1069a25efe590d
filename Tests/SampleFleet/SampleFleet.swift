public import Events
public import Quantities
public import ReadModel

/// A fleet of five clusters for tests of pages and commands, the same on every run: a calm one with a past, one that suffers, one
/// that fell silent, one that observes, one whose names are hostile. The last instant is `now`; a tick is 5 s.
public enum SampleFleet {
    /// 2026-11-23T06:40:00Z.
    public static let now = WallTime(microseconds: 1_795_416_000_000_000)
    public static let hostile = ClusterID("<img src=x onerror=alert(1)>")
    public static let brake = LogPosition(stream: StreamName("plant-b/77aa0012"), sequence: 40)

    public static var fleet: RecordedFleet { RecordedFleet(records: records) }
    public static var empty: RecordedFleet { RecordedFleet(records: []) }

    public static var records: [LogRecord] {
        plantA + plantB + plantC + plantD + hostileCluster + central
    }

    private static func seconds(before count: Int64) -> WallTime { now + Nanoseconds.seconds(-count) }

    /// Calm now. In its past: a brake and the way back, thirty seconds without answers, forty seconds without ticks.
    private static var plantA: [LogRecord] {
        var stream = SampleStream("plant-a/4f21c09a", roster: .plant("plant-a", mode: "enforce"), at: seconds(before: 905))
        var limit: Int64 = 300
        for number in Int64(1)...180 {
            let at = seconds(before: (180 - number) * 5 + 2)
            if (70...78).contains(number) { continue }
            let step = number % 60
            let isMissing = (130...135).contains(number)
            let delay: Int32 = isMissing ? 0 : step == 20 ? 1_950 : step > 20 && step < 26 ? 1_150 : 520 + Int32(step * 7 % 90)
            var action = LoopAction.hold
            var reason = isMissing ? DecisionReason.measurementMissing : .insideDeadband
            let before = limit
            if step == 20, !isMissing { (limit, action, reason) = (limit * 2 / 3, .decrease, .brakedAboveBound) }
            if step > 30, step % 6 == 0, !isMissing { (limit, action, reason) = (limit + 10, .increase, .belowTarget) }
            stream.tick(
                SampleTick(
                    number: number, at: at, quality: isMissing ? .missing : .measured, microseconds: delay, before: before,
                    after: limit, used: limit * 9 / 10, action: action, reason: reason))
        }
        return stream.records
    }

    /// Suffers now, and has just braked; the patch is on the log.
    private static var plantB: [LogRecord] {
        var stream = SampleStream("plant-b/77aa0012", roster: .plant("plant-b", mode: "enforce"), at: seconds(before: 200))
        for number in Int64(1)...38 {
            stream.tick(
                SampleTick(
                    number: number, at: seconds(before: (39 - number) * 5 + 1), quality: .measured, microseconds: 700, before: 180,
                    after: 180, used: 170, action: .hold, reason: .insideDeadband))
        }
        stream.tick(
            SampleTick(
                number: 39, at: seconds(before: 1), quality: .measured, microseconds: 2_314, before: 180, after: 120, used: 176,
                action: .decrease, reason: .brakedAboveBound))
        stream.fact(
            .patchSettled(
                PatchRecord(
                    cluster: "plant-b", workload: "telemetry-upload", desired: .megabits(110), before: .megabits(170), result: .applied,
                    decision: brake, term: 4, objectCount: 2)), at: seconds(before: 1))
        return stream.records
    }

    /// Was well, and has been silent for 40 s.
    private static var plantC: [LogRecord] {
        var stream = SampleStream("plant-c/0badcafe", roster: .plant("plant-c", mode: "enforce"), at: seconds(before: 300))
        for number in Int64(1)...40 {
            stream.tick(
                SampleTick(
                    number: number, at: seconds(before: (40 - number) * 5 + 40), quality: .measured, microseconds: 610, before: 260,
                    after: 260, used: 120, action: .hold, reason: .limitNotUsed))
        }
        return stream.records
    }

    /// Observes only, measured in part.
    private static var plantD: [LogRecord] {
        var stream = SampleStream("plant-d/5eed0001", roster: .plant("plant-d", mode: "observe"), at: seconds(before: 60))
        for number in Int64(1)...8 {
            stream.tick(
                SampleTick(
                    number: number, at: seconds(before: (8 - number) * 5 + 3), quality: .partial, microseconds: 880, before: 1_000,
                    after: 1_000, used: 640, action: .hold, reason: .observing))
        }
        return stream.records
    }

    /// Every word that others chose is an attempt on the page.
    private static var hostileCluster: [LogRecord] {
        var roster = Roster.plant(hostile.text, mode: "enforce")
        roster.flows[0].id = "\"><b onclick=alert(2)>flow"
        roster.workloads[0].id = "<script>alert(3)</script>"
        roster.links = ["wan-<svg/onload=alert(4)>"]
        var stream = SampleStream(StreamName("\(hostile)/e1"), roster: roster, at: seconds(before: 30))
        stream.tick(
            SampleTick(
                number: 1, at: seconds(before: 4), quality: .missing, microseconds: 0, before: 100, after: 100, used: nil,
                action: .hold, reason: .measurementMissing))
        stream.fact(
            .patchSettled(
                PatchRecord(
                    cluster: hostile, workload: "<script>alert(3)</script>", desired: .megabits(100), result: .refused,
                    decision: LogPosition(stream: stream.name, sequence: 2), term: 1,
                    detail: "\u{1B}[31m</td><script>alert(5)</script>")), at: seconds(before: 4))
        return stream.records
    }

    private static var central: [LogRecord] {
        var coordinator = SampleStream(.coordinator)
        coordinator.fact(
            .allocationDecided(
                AllocationRecord(
                    version: GrantVersion(term: 4, version: 17), isFeasible: true,
                    links: [
                        .init(link: "wan-a", configured: .megabits(1_000), effective: .megabits(400), reserved: .megabits(20), used: .megabits(380)),
                    ],
                    shares: [
                        .init(cluster: "plant-a", workload: "telemetry-upload", share: .megabits(190), granted: .megabits(190), binding: "wan-a", next: "ceiling"),
                        .init(cluster: "plant-a", workload: "erp-dashboard", share: .megabits(10), granted: .megabits(10), binding: "ceiling", next: nil),
                        .init(cluster: "plant-b", workload: "telemetry-upload", share: .megabits(180), granted: .megabits(120), binding: "wan-a", next: nil),
                    ],
                    certificate: "{}", foldedThrough: [brake])), at: seconds(before: 8))
        var alerter = SampleStream(.alerter)
        func alert(_ rule: String, _ state: AlertChange.State, _ labels: [String: String], _ summary: String, _ age: Int64) {
            alerter.fact(
                .alertChanged(AlertChange(fingerprint: "\(rule)\(labels)", rule: rule, state: state, labels: labels, summary: summary)),
                at: seconds(before: age))
        }
        alert("MeasurementMissing", .firing, ["cluster": "plant-a", "flow": "robot-control"], "No answer for 30 s.", 220)
        alert("MeasurementMissing", .resolved, ["cluster": "plant-a", "flow": "robot-control"], "Answers arrive again.", 190)
        alert("ShipperSilent", .pending, ["cluster": "plant-c"], "No tick for 15 s.", 25)
        alert("ShipperSilent", .firing, ["cluster": "plant-c"], "No tick for 30 s.", 10)
        alert("MeasurementMissing", .pending, ["cluster": hostile.text], "</p><script>alert(6)</script>", 4)
        return coordinator.records + alerter.records
    }
}
