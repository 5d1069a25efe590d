import Glibc
import Testing

extension RealProcesses {
    /// Aim: whatever becomes of the supervisor, it leaves no process behind, and no file outside its data directory.
    /// Method: its processes are found in `/proc` by the directory that they were started with, and by their parents. What they write,
    /// listen on and share is asked of the kernel while they run, and looked for again when they are gone.
    @Suite(.serialized) struct SupervisorDeathTests {
        @Test func `kill -9 of the supervisor leaves no process, and no file outside its data directory`() async throws {
            let fleet = try await DevFleetProcess(for: "60s")
            let running = fleet.processes()
            #expect(running.count >= 1 + 7 + 1, "\(running.map(\.arguments))")
            // PostgreSQL's own children name no directory.
            let family = ProcessTable.descendants(of: fleet.supervisor.identifier).union(running.map(\.identifier))
            let home = "\(fleet.data.split(separator: "/").dropLast().joined(separator: "/"))/"
            let written = family.flatMap(ProcessTable.written(by:)) + ProcessTable.boundSockets(of: family)
            #expect(written.count { $0.hasPrefix("/\(home)") } >= 8)
            let strangers = written.filter { path in
                path.hasPrefix("/") && !path.hasPrefix("/\(home)") && !["/dev/", "/memfd:", "/proc/"].contains { path.hasPrefix($0) }
            }
            #expect(strangers == [])
            let shared = ProcessTable.sharedMemoryFiles(of: family)

            fleet.supervisor.kill()
            try await eventually("every process of the fleet has ended", within: .seconds(20)) {
                fleet.processes().isEmpty && family.allSatisfy { !ProcessTable.isRunning($0) }
            }
            #expect(shared.filter { ProcessTable.exists($0) } == [])
            #expect(ProcessTable.sharedMemorySegments(madeBy: family) == [])
            #expect(!ProcessTable.exists("/nonexistent"), "nobody made itself a home")
        }
    }
}
