import Events
import Glibc
import JSONDocument
import LawHistory
import PostgreSQL
import Testing

extension RealProcesses {
    /// Aim: whichever process of a running fleet is killed, nothing acknowledged is lost, nothing is doubled, and the loops go on.
    /// Method: one `fairlead dev` is hurt in turn. It restarts what dies, so a test that needs the outage to last stops it first.
    @Suite(.serialized) struct DevFleetFaultTests {
        @Test func `while PostgreSQL is down every shipper ticks and brakes, and afterwards the log has all of it, once (I1, I3, I9)`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            var atKill: [String: (ticks: Int64, brakes: Int64)] = [:]
            for cluster in DevFleetProcess.clusters {
                atKill[cluster] = (
                    try await fleet.ticks(of: cluster), try await fleet.metric("fairlead_decisions_total", #"action="decrease""#, of: cluster))
            }
            // The supervisor would start the server again within 0.2 s; stopped, it keeps the outage open.
            fleet.supervisor.signal(SIGSTOP)
            try await eventually("the supervisor stands still") { ProcessTable.state(of: fleet.supervisor.identifier) == "T" }
            let logged = try await loggedTicks(fleet)
            let server = try #require(fleet.postgres)
            #expect(Glibc.kill(server, SIGKILL) == 0)
            try await eventually("the server is gone") { fleet.postgres == nil }

            // Eight ticks are longer than a grant lives: they go on without the centre altogether.
            for cluster in DevFleetProcess.clusters {
                try await eventually("\(cluster) ticks through the outage") { try await fleet.ticks(of: cluster) >= atKill[cluster]!.ticks + 8 }
            }
            // The story's next congestion comes when it comes; its plant brakes without asking anybody.
            let braked = try await eventually("a shipper brakes in the outage", within: .seconds(90)) {
                for cluster in DevFleetProcess.clusters
                where try await fleet.metric("fairlead_decisions_total", #"action="decrease""#, of: cluster) > atKill[cluster]!.brakes {
                    return cluster
                }
                return nil
            }
            for cluster in DevFleetProcess.clusters {
                #expect(try await fleet.metric("fairlead_log_backlog_entries", of: cluster) >= 8, "what waits is shown")
                #expect(try await fleet.metric("fairlead_log_writing", #"standing="away""#, of: cluster) == 0)
            }
            #expect(fleet.postgres == nil, "nobody started the server meanwhile")

            let atReturn = try await ticksNow(fleet)
            fleet.supervisor.signal(SIGCONT)
            try await eventually("the supervisor starts the server again") { fleet.postgres.map { $0 != server } ?? false }
            for cluster in DevFleetProcess.clusters {
                try await eventually("the backlog of \(cluster) is on the log") { try await fleet.loggedTick(of: cluster) >= atReturn[cluster]! }
                // The lag is back at zero: the log holds a tick that the shipper counted as its newest a moment ago.
                let newest = try await fleet.ticks(of: cluster)
                try await eventually("\(cluster) has no lag", within: .seconds(10)) { try await fleet.loggedTick(of: cluster) >= newest }
                try await eventually("\(cluster) shows no backlog") { try await fleet.metric("fairlead_log_backlog_entries", of: cluster) == 0 }
                #expect(try await fleet.metric("fairlead_log_writing", #"standing="writing""#, of: cluster) == 1)
            }
            #expect(try await fleet.tornStreams() == [])
            try await expectVerified(fleet)
            // The rows of the outage are there, and the brake among them.
            let brakes = try await fleet.database.number(
                """
                SELECT count(*)::text FROM fairlead.tick AS t JOIN fairlead.stream AS s USING (stream_id)
                WHERE s.cluster = '\(braked)' AND t.tick_number > \(logged[braked]!) AND t.tick_number <= \(atReturn[braked]!) AND t.action = 1
                """)
            #expect(brakes.map { $0 >= 1 } == true)
        }

        @Test func `PostgreSQL killed and started at once loses and doubles nothing (I1, I2, I3)`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            let server = try #require(fleet.postgres)
            #expect(Glibc.kill(server, SIGKILL) == 0)
            try await eventually("the supervisor starts the server again") { fleet.postgres.map { $0 != server } ?? false }
            let ticks = try await ticksNow(fleet)
            for cluster in DevFleetProcess.clusters {
                try await eventually("\(cluster) goes on") { try await fleet.loggedTick(of: cluster) >= ticks[cluster]! + 2 }
            }
            #expect(!fleet.supervisor.hasEnded)
            #expect(try await fleet.tornStreams() == [])
            try await expectVerified(fleet)
        }

        @Test func `PostgreSQL killed again while it recovers is started until it stands (I9)`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            var last = try #require(fleet.postgres)
            for _ in 0..<3 {
                #expect(Glibc.kill(last, SIGKILL) == 0)
                // At once when its process is there, which is before it accepts anybody.
                last = try await eventually("the supervisor starts the server again") { fleet.postgres.flatMap { $0 == last ? nil : $0 } }
            }
            let ticks = try await ticksNow(fleet)
            for cluster in DevFleetProcess.clusters {
                try await eventually("\(cluster) goes on") { try await fleet.loggedTick(of: cluster) >= ticks[cluster]! + 2 }
            }
            #expect(!fleet.supervisor.hasEnded)
            #expect(try await fleet.tornStreams() == [])
            try await expectVerified(fleet)
        }

        @Test func `the leading coordinator dies: another leads within two lease lengths, and no older term writes again (I4)`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            let before = try await fleet.lease()
            let victim = try #require(fleet.serve(before.replica))
            #expect(Glibc.kill(victim.identifier, SIGKILL) == 0)
            var last = before
            let after = try await eventually("another leads") {
                let lease = try await fleet.lease()
                if lease.holder == before.holder { last = lease } else { return lease }
                return nil
            }
            #expect(after.term > before.term)
            #expect(after.acquiredAt - last.renewedAt <= 2 * DevFleetProcess.leaseSeconds, "\(after.acquiredAt - last.renewedAt) s")
            try await eventually("the new leader's grants are in force") {
                try await fleet.database.number("SELECT min(term)::text FROM fairlead.grant_head") == after.term
            }
            try await eventually("the dead one stands again") { fleet.serve(before.replica).map { $0.identifier != victim.identifier } ?? false }
            let terms = try await fleet.database.rows(
                """
                SELECT e.body::jsonb ->> 'term' FROM fairlead.event AS e JOIN fairlead.stream AS s USING (stream_id)
                WHERE s.name = 'coordinator' AND e.kind = 'grant_issued' ORDER BY e.seq
                """
            ).compactMap { $0.first??.integer }
            #expect(terms.count >= 2 && terms == terms.sorted(), "\(terms)")
            try await expectVerified(fleet)
        }

        @Test func `a shipper killed in the middle of an append leaves its stream contiguous and verified (I2, I3)`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            let cluster = "plant-b"
            let victim = try #require(fleet.shipper(cluster))
            let held = try PostgresSession(fleet.database.settings)
            try held.runScript(
                PostgresStatement(name: "hold", text: "BEGIN; SELECT FROM fairlead.stream WHERE cluster = '\(cluster)' FOR UPDATE"))
            try await eventually("its append waits for the head row") {
                try await fleet.database.number(
                    """
                    SELECT count(*)::text FROM pg_stat_activity
                    WHERE usename = '\(cluster)' AND wait_event_type = 'Lock' AND query LIKE '%fairlead.append%'
                    """) == 1
            }
            let logged = try await fleet.loggedTick(of: cluster)
            #expect(Glibc.kill(victim.identifier, SIGKILL) == 0)
            try await eventually("the kernel has let it go") { !ProcessTable.isRunning(victim.identifier) }
            try held.runScript(PostgresStatement(name: "release", text: "COMMIT"))
            let successor = try await eventually("it is started again") {
                fleet.shipper(cluster).flatMap { $0.identifier == victim.identifier ? nil : $0 }
            }
            #expect(successor.option("--spool") == victim.option("--spool"))
            try await eventually("its stream goes on") { try await fleet.loggedTick(of: cluster) >= logged + 4 }
            #expect(try await fleet.database.rows("SELECT name FROM fairlead.stream WHERE cluster = '\(cluster)'").count == 1)
            #expect(try await fleet.tornStreams() == [])
            try await expectVerified(fleet)
        }

        @Test func `from each decision's row alone the law comes to the same outcome, and the next row begins where it ended`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            try await eventually("half a minute is on the log", within: .seconds(60)) { try await fleet.loggedTick(of: "plant-a") >= 30 }
            var replay = LawReplay()
            for record in try await fleet.records() { replay.fold(record) }
            #expect(replay.rows >= 60)
            #expect(replay.actions.keys.contains(.decrease) && replay.actions.keys.contains(.hold), "\(replay.actions)")
            #expect(replay.findingCount == 0, "\(replay.findings.prefix(3))")
            #expect(replay.successions >= replay.rows / 2)
            let (code, output, talk) = try await RunningProgram.run(.fairlead, ["replay", "--until", "1s", "--database", fleet.connectionString])
            #expect(code == 0 && output.contains("all came out equal"), "\(output) \(talk)")
            // The law that decided, tried on its own history, decides alike; another does not.
            for (law, isAlike) in [("plateau@1", true), ("fixed-step@1", false)] {
                let tried = try await RunningProgram.run(
                    .fairlead, ["backtest", "--law", law, "--since", "1h", "-o", "json", "--database", fleet.connectionString])
                #expect(tried.exitCode == 0, "\(tried)")
                let loops = try #require(try JSONValue(parsing: tried.output)["loops"]?.array)
                #expect(loops.count >= DevFleetProcess.clusters.count)
                for loop in loops {
                    let ratio = try #require(loop["alike_ratio"]?.double)
                    #expect(isAlike ? ratio > 0.9 : ratio < 1, "\(loop)")
                }
            }
        }

        @Test func `a decision of the run explains itself in at most twelve lines, and status tells of the fleet`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            for action in [0, 1] {
                let position = try await fleet.database.text(
                    """
                    SELECT s.name || '/' || t.seq FROM fairlead.tick AS t JOIN fairlead.stream AS s USING (stream_id)
                    WHERE t.action = \(action) AND NOT t.is_shadow ORDER BY t.received_at DESC, t.seq LIMIT 1
                    """)
                let decision = try #require(position)
                let (code, output, talk) = try await RunningProgram.run(
                    .fairlead, ["explain", "decision", decision, "--database", fleet.connectionString])
                #expect(code == 0 && talk.isEmpty, "\(talk)")
                let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                #expect((3...12).contains(lines.count), "\(output)")
                #expect(output.contains(decision) && output.contains("plateau@1"), "\(output)")
            }
            let (code, output, talk) = try await RunningProgram.run(.fairlead, ["status", "--database", fleet.connectionString])
            #expect(code == 0 && talk.isEmpty, "\(talk)")
            for cluster in DevFleetProcess.clusters { #expect(output.contains(cluster), "\(output)") }
        }

        @Test func `a fleet that was hurt ends in order when asked to, with a whole log and nobody left`() async throws {
            let fleet = try await SharedDevFleet.instance.running()
            fleet.supervisor.signal(SIGTERM)
            #expect(try await fleet.supervisor.end() == 0, "\(fleet.supervisor.talk)")
            let summary = try JSONValue(parsing: fleet.supervisor.output)
            #expect(summary["log"]?["verified"]?.bool == true && summary["log"]?["gaps"]?.integer == 0)
            #expect(summary["clusters"]?.integer == 3)
            let starts = summary["processes"]?.array?.map { $0["starts"]?.integer ?? 0 } ?? []
            #expect(starts.count == 8 && starts.allSatisfy { $0 >= 1 }, "\(summary.text)")
            #expect(fleet.processes().map(\.arguments) == [])
            await SharedDevFleet.instance.release()
        }

        private func ticksNow(_ fleet: DevFleetProcess) async throws -> [String: Int64] {
            var ticks: [String: Int64] = [:]
            for cluster in DevFleetProcess.clusters { ticks[cluster] = try await fleet.ticks(of: cluster) }
            return ticks
        }
        private func loggedTicks(_ fleet: DevFleetProcess) async throws -> [String: Int64] {
            var ticks: [String: Int64] = [:]
            for cluster in DevFleetProcess.clusters { ticks[cluster] = try await fleet.loggedTick(of: cluster) }
            return ticks
        }
        private func expectVerified(_ fleet: DevFleetProcess) async throws {
            let (code, report) = try await fleet.verification()
            #expect(code == 0 && report["verified"]?.bool == true, "\(report.text)")
            #expect(report["gaps"]?.integer == 0 && report["duplicates"]?.integer == 0, "\(report.text)")
            #expect(report["streams"]?.array?.count ?? 0 >= 4)
        }
    }
}

extension String {
    fileprivate var integer: Int64? { Int64(self) }
}
