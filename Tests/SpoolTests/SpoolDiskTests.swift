// Aim: a disk that takes no more is an error with a code, and the spool goes on once it does. Method: a child process of this
// test whose files may not grow (RLIMIT_FSIZE), which fails in write(2) as a quota does.
import Cryptography
import Events
import Glibc
import Quantities
import Spool
import Testing

@Suite struct SpoolDiskTests {
    @Test func `a disk that takes no more costs nothing that was reported kept, and appending goes on when it does`() async throws {
        let directory = ScratchDirectory()
        let path = directory.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let spool = try await SQLiteSpool.open(path: path + "/spool.db", fresh: "plant-a/0000000a", hash: .libcrypto)
            signal(SIGXFSZ, SIG_IGN)
            var source = EntrySource()
            var limit = rlimit()
            #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let unlimited = limit.rlim_cur
            limit.rlim_cur = 400_000
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            var kept: [SpooledEntry] = []
            var refused: SpoolError?
            while refused == nil && kept.count < 10_000 {
                let before = source
                let entry = source.next(bodyBytes: 900)
                do throws(SpoolError) {
                    try await spool.append([entry])
                    kept.append(entry)
                } catch {
                    refused = error
                    source = before
                }
            }
            #expect(refused?.isRetriable == true)
            #expect(refused?.code == .inputOutput || refused?.code == .full)
            #expect(try await everything(in: spool) == kept)

            limit.rlim_cur = unlimited
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let next = source.take(5)
            try await spool.append(next)
            try await spool.close()
            let again = try await SQLiteSpool.open(path: path + "/spool.db", fresh: "plant-a/0000000a", hash: .libcrypto)
            #expect(try await everything(in: again) == kept + next)
        }
        #expect(directory.fileNames().contains("spool.db"))
    }
}
