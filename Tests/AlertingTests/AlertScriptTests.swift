import Alerting
import Fleet
import Quantities
import Testing

/// Aim: what people hear of, and when. Method: stories in text; each must print itself, word for word.
@Suite struct AlertScriptTests {
    private func check(_ story: String, _ change: (inout FleetConfiguration) -> Void = { _ in }) {
        var script = AlertScript(change)
        let printed = script.play(story)
        #expect(printed == story)
    }

    @Test func `a calm day raises no alert`() {
        check("""
            > tick 720
            > tick 720 delay=1.1ms
            > tick 720 delay=0.3ms desired=40M applied=40M
            """)
    }

    @Test func `a loop at its floor that still suffers fires once, and not before its time`() {
        check("""
            > tick 12 delay=2.3ms desired=10M applied=10M
            00:05 LoopStuckAtFloor plant-a/uplink inactive → pending: The loop of plant-a on uplink is at its floor of 10.0 Mbit/s, and robot-control still has 2.30 ms of delay variation against a target of 1.00 ms
            > tick 48
            01:05 LoopStuckAtFloor plant-a/uplink pending → firing: The loop of plant-a on uplink is at its floor of 10.0 Mbit/s, and robot-control still has 2.30 ms of delay variation against a target of 1.00 ms
            01:15 to on-call: 1 firing, 0 resolved
            > tick 40 delay=0.4ms
            06:00 LoopStuckAtFloor plant-a/uplink firing → resolved: Ended after 4 min. It was: The loop of plant-a on uplink is at its floor of 10.0 Mbit/s, and robot-control still has 2.30 ms of delay variation against a target of 1.00 ms
            06:00 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `floors that do not fit fire, and a coordinator that falls silent resolves nothing`() {
        check("""
            > tick 12 share=10M
            > tick 13 share=8M
            01:05 AllocationInfeasible plant-a/telemetry-upload inactive → pending: The floor of telemetry-upload of plant-a does not fit: link uplink leaves it 8.00 Mbit/s of 10.0 Mbit/s, and its site keeps the floor, so that more is let through than the link carries
            02:05 AllocationInfeasible plant-a/telemetry-upload pending → firing: The floor of telemetry-upload of plant-a does not fit: link uplink leaves it 8.00 Mbit/s of 10.0 Mbit/s, and its site keeps the floor, so that more is let through than the link carries
            > tick 40 share=-
            02:15 to on-call: 1 firing, 0 resolved
            > tick 13 share=12M
            05:30 AllocationInfeasible plant-a/telemetry-upload firing → resolved: Ended after 3 min. It was: The floor of telemetry-upload of plant-a does not fit: link uplink leaves it 8.00 Mbit/s of 10.0 Mbit/s, and its site keeps the floor, so that more is let through than the link carries
            05:30 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `a loop at its floor whose flow is well is no alert`() {
        check("""
            > tick 100 delay=0.9ms desired=10M applied=10M
            > tick 100 delay=2.3ms desired=11M applied=11M
            """)
    }

    @Test func `a limit that stays behind what is desired fires after five minutes`() {
        check("""
            > tick 59 desired=40M applied=100M
            00:20 PatchesStopped plant-a/telemetry-upload inactive → pending: telemetry-upload of plant-a should be limited to 40.0 Mbit/s and is limited to 100 Mbit/s
            > tick 5
            05:05 PatchesStopped plant-a/telemetry-upload pending → firing: telemetry-upload of plant-a should be limited to 40.0 Mbit/s and is limited to 100 Mbit/s
            05:15 to on-call: 1 firing, 0 resolved
            > tick 20 applied=40M
            06:20 PatchesStopped plant-a/telemetry-upload firing → resolved: Ended after 75 s. It was: telemetry-upload of plant-a should be limited to 40.0 Mbit/s and is limited to 100 Mbit/s
            06:20 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `a limit that follows one tick late never fires`() {
        check("""
            > tick 50 desired=90M applied=100M
            00:20 PatchesStopped plant-a/telemetry-upload inactive → pending: telemetry-upload of plant-a should be limited to 90.0 Mbit/s and is limited to 100 Mbit/s
            > tick 30 desired=80M applied=90M
            04:15 PatchesStopped plant-a/telemetry-upload pending → resolved: Ended after 4 min, before it fired. It was: telemetry-upload of plant-a should be limited to 90.0 Mbit/s and is limited to 100 Mbit/s
            04:30 PatchesStopped plant-a/telemetry-upload inactive → pending: telemetry-upload of plant-a should be limited to 80.0 Mbit/s and is limited to 90.0 Mbit/s
            > tick 30 desired=70M applied=80M
            06:45 PatchesStopped plant-a/telemetry-upload pending → resolved: Ended after 2 min, before it fired. It was: telemetry-upload of plant-a should be limited to 80.0 Mbit/s and is limited to 90.0 Mbit/s
            07:00 PatchesStopped plant-a/telemetry-upload inactive → pending: telemetry-upload of plant-a should be limited to 70.0 Mbit/s and is limited to 80.0 Mbit/s
            > tick 1 desired=60M applied=70M
            09:15 PatchesStopped plant-a/telemetry-upload pending → resolved: Ended after 2 min, before it fired. It was: telemetry-upload of plant-a should be limited to 70.0 Mbit/s and is limited to 80.0 Mbit/s
            > tick 59 desired=50M applied=60M
            09:35 PatchesStopped plant-a/telemetry-upload inactive → pending: telemetry-upload of plant-a should be limited to 50.0 Mbit/s and is limited to 60.0 Mbit/s
            > tick 1 applied=50M
            14:15 PatchesStopped plant-a/telemetry-upload pending → resolved: Ended after 4 min, before it fired. It was: telemetry-upload of plant-a should be limited to 50.0 Mbit/s and is limited to 60.0 Mbit/s
            """)
    }

    @Test func `a workload without any limit that should have one is told as such`() {
        check("""
            > tick 61 desired=40M applied=-
            00:20 PatchesStopped plant-a/telemetry-upload inactive → pending: telemetry-upload of plant-a should be limited to 40.0 Mbit/s and is not limited
            05:05 PatchesStopped plant-a/telemetry-upload pending → firing: telemetry-upload of plant-a should be limited to 40.0 Mbit/s and is not limited
            """)
    }

    @Test func `nothing is expected of a loop that a person paused`() {
        check("""
            > tick 100 desired=40M applied=100M delay=3ms paused
            """)
    }

    @Test func `a loop that stops deciding while its cluster ticks is told`() {
        check("""
            > tick 10
            > tick 64 loop=no
            01:10 PatchesStopped plant-a/uplink inactive → pending: The loop of plant-a on uplink has stopped deciding, though the cluster ticks
            05:50 PatchesStopped plant-a/uplink pending → firing: The loop of plant-a on uplink has stopped deciding, though the cluster ticks
            06:00 to on-call: 1 firing, 0 resolved
            > tick 13 loop=yes
            07:10 PatchesStopped plant-a/uplink firing → resolved: Ended after 80 s. It was: The loop of plant-a on uplink has stopped deciding, though the cluster ticks
            07:10 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `a silent shipper is one message, whatever else follows from it`() {
        check("""
            > tick 12 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: missing
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: missing
            00:45 to on-call: 1 firing, 0 resolved
            > silence 20
            01:20 PatchesStopped plant-a inactive → pending: plant-a has stopped ticking, so its shipper patches nothing
            01:20 ShipperSilent plant-a inactive → pending: The shipper of plant-a has been silent for 20 s
            02:15 ShipperSilent plant-a pending → firing: The shipper of plant-a has been silent for 75 s
            02:15 to on-call: 1 firing, 0 resolved
            > silence 60
            06:00 PatchesStopped plant-a pending → firing: plant-a has stopped ticking, so its shipper patches nothing
            > tick 1 quality=measured
            07:45 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 7 min. It was: robot-control of plant-a is not measured: missing
            07:45 to on-call: 1 firing, 1 resolved
            > tick 20
            08:10 ShipperSilent plant-a firing → resolved: Ended after 5 min. It was: The shipper of plant-a has been silent for 400 s
            08:40 PatchesStopped plant-a firing → resolved: Ended after 2 min. It was: plant-a has stopped ticking, so its shipper patches nothing
            08:45 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `a missing measurement is not resolved by silence`() {
        check("""
            > tick 10 quality=probe-error
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: probe-error
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: probe-error
            00:45 to on-call: 1 firing, 0 resolved
            > silence 30
            01:10 PatchesStopped plant-a inactive → pending: plant-a has stopped ticking, so its shipper patches nothing
            01:10 ShipperSilent plant-a inactive → pending: The shipper of plant-a has been silent for 20 s
            02:05 ShipperSilent plant-a pending → firing: The shipper of plant-a has been silent for 75 s
            02:05 to on-call: 1 firing, 0 resolved
            > tick 3 quality=missing
            03:25 PatchesStopped plant-a pending → resolved: Ended after 2 min, before it fired. It was: plant-a has stopped ticking, so its shipper patches nothing
            > tick 12 quality=partial
            03:50 ShipperSilent plant-a firing → resolved: Ended after 105 s. It was: The shipper of plant-a has been silent for 150 s
            03:50 to on-call: 1 firing, 1 resolved
            04:05 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 3 min. It was: robot-control of plant-a is not measured: missing
            """)
    }

    @Test func `every receiver hears of every alert, and of its end`() {
        var script = AlertScript { fleet in
            fleet.alerts.receivers = ["on-call", "manager", "archive"].map { WebhookReceiver(name: $0, url: "http://\($0)") }
        }
        _ = script.play("> tick 12\n> silence 60\n> tick 240")
        for receiver in ["on-call", "manager", "archive"] {
            let told = script.outbox.filter { $0.receiver == receiver }.flatMap(\.told)
            // That the shipper is silent, and, when that ended first, that the patches stopped.
            #expect(told.map(\.isFiring) == [true, false, true, false] && Set(told.map(\.fingerprint)).count == 2, "\(receiver) was told \(told)")
        }
    }

    @Test func `a receiver that had nothing to hear since a restart is told what the others are told sooner`() {
        var script = AlertScript { fleet in fleet.alerts.receivers = [WebhookReceiver(name: "on-call", url: "http://on-call")] }
        _ = script.play("> tick 24 quality=missing")
        #expect(script.outbox.count == 1)
        script.fleet.alerts.receivers.insert(WebhookReceiver(name: "new", url: "http://new"), at: 0)
        // The new one hears of the alert that stands; ten minutes later a second one fires, for which it need not wait.
        _ = script.play("> restart\n> tick 120\n> tick 72 applied=10M desired=200M")
        let told = script.outbox.dropFirst().map { "\($0.receiver): \($0.told.count)" }
        #expect(told == ["new: 1", "new: 2", "on-call: 2"], "\(script.lines.joined(separator: "\n"))")
    }

    @Test func `a blink shorter than its time is told to nobody`() {
        check("""
            > tick 5 quality=stale
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: stale
            > tick 3 quality=measured
            00:30 MeasurementMissing plant-a/robot-control pending → resolved: Ended after 25 s, before it fired. It was: robot-control of plant-a is not measured: stale
            > tick 5 quality=stale
            00:45 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: stale
            > tick 3 quality=measured
            01:10 MeasurementMissing plant-a/robot-control pending → resolved: Ended after 25 s, before it fired. It was: robot-control of plant-a is not measured: stale
            """)
    }

    @Test func `an alert that comes back before it resolved stays one alert`() {
        check("""
            > tick 10 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: missing
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: missing
            00:45 to on-call: 1 firing, 0 resolved
            > tick 4 quality=measured
            > tick 4 quality=missing
            > tick 12 quality=measured
            02:00 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 85 s. It was: robot-control of plant-a is not measured: missing
            02:00 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `a cluster that was never heard of is told`() {
        check("""
            > silence 15
            00:05 ShipperSilent plant-a inactive → pending: The shipper of plant-a has never been heard of
            01:05 ShipperSilent plant-a pending → firing: The shipper of plant-a has never been heard of
            01:15 to on-call: 1 firing, 0 resolved
            > tick 8
            01:45 ShipperSilent plant-a firing → resolved: Ended after 40 s. It was: The shipper of plant-a has never been heard of
            """)
    }

    @Test func `where no data keep an alert as it is, a cluster never heard of is quiet`() {
        check("""
            > silence 50
            """) { $0.alerts.rules[2].onNoData = .keep }
    }

    @Test func `a successor goes on where its predecessor stopped`() {
        check("""
            > tick 4 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: missing
            > restart
            > tick 3
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: missing
            > restart
            > tick 2
            00:45 to on-call: 1 firing, 0 resolved
            > restart
            > tick 12 quality=measured
            01:15 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 40 s. It was: robot-control of plant-a is not measured: missing
            01:15 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `an end that nobody was told of yet is told by the successor`() {
        check("""
            > tick 10 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: missing
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: missing
            00:45 to on-call: 1 firing, 0 resolved
            > tick 6 quality=measured
            01:20 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 45 s. It was: robot-control of plant-a is not measured: missing
            > restart
            > tick 3
            01:30 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `a stepped wall clock neither fires nor resolves`() {
        check("""
            > tick 3 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: missing
            > step-wall-clock 24h
            > tick 3
            > tick 5
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: missing
            00:45 to on-call: 1 firing, 0 resolved
            > step-wall-clock 0ns
            > tick 2 quality=measured
            > tick 20
            01:25 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 50 s. It was: robot-control of plant-a is not measured: missing
            01:45 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `what left the configuration resolves and says why`() {
        check("""
            > tick 10 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: missing
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: missing
            00:45 to on-call: 1 firing, 0 resolved
            > remove plant-a
            > silence 14
            00:55 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 20 s, no longer watched: the configuration does not have it any more. It was: robot-control of plant-a is not measured: missing
            01:45 to on-call: 0 firing, 1 resolved
            """)
    }

    @Test func `the backlog of a deposed leader does not end the silence of its successor's cluster`() {
        check("""
            > tick 10 lease=7
            > silence 2
            > tick 1 lease=6
            > silence 1
            01:10 PatchesStopped plant-a inactive → pending: plant-a has stopped ticking, so its shipper patches nothing
            01:10 ShipperSilent plant-a inactive → pending: The shipper of plant-a has been silent for 20 s
            > tick 2 lease=1
            01:15 PatchesStopped plant-a pending → resolved: Ended after 25 s, before it fired. It was: plant-a has stopped ticking, so its shipper patches nothing
            01:15 ShipperSilent plant-a pending → resolved: Ended after 10 s, before it fired. It was: The shipper of plant-a has been silent for 20 s
            """)
    }

    @Test func `what still fires is said again after the repeat interval`() {
        check("""
            > tick 10 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → pending: robot-control of plant-a is not measured: missing
            00:35 MeasurementMissing plant-a/robot-control pending → firing: robot-control of plant-a is not measured: missing
            00:45 to on-call: 1 firing, 0 resolved
            > tick 24
            02:45 to on-call: 1 firing, 0 resolved
            > tick 24
            04:45 to on-call: 1 firing, 0 resolved
            > tick 24
            06:45 to on-call: 1 firing, 0 resolved
            """) { $0.alerts.repeatInterval = .seconds(120) }
    }

    @Test func `a rule that is off says nothing`() {
        check("""
            > tick 100 quality=missing
            """) { $0.alerts.rules[3].isEnabled = false }
    }

    @Test func `without patience an alert fires at once and is told at once`() {
        check("""
            > tick 1 quality=missing
            00:05 MeasurementMissing plant-a/robot-control inactive → firing: robot-control of plant-a is not measured: missing
            00:05 to on-call: 1 firing, 0 resolved
            > tick 1 quality=measured
            00:10 MeasurementMissing plant-a/robot-control firing → resolved: Ended after 5 s. It was: robot-control of plant-a is not measured: missing
            00:10 to on-call: 0 firing, 1 resolved
            > tick 2
            """) { fleet in
            fleet.alerts.rules[3].pendingFor = .zero
            fleet.alerts.rules[3].keepFiringFor = .zero
            fleet.alerts.groupWait = .zero
            fleet.alerts.groupInterval = .zero
        }
    }
}
