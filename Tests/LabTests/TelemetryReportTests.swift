// Aim: iperf3's report is read as it is, and what is none is refused. Method: reports cut down from iperf3 3.12.
import Quantities
import Testing

@testable import Lab

@Suite struct TelemetryReportTests {
    @Test func `a report gives its seconds, what arrived and the congestion control`() throws {
        let json = """
            {"start":{"version":"iperf 3.12","sock_bufsize":0,"sock_bufsize":0},"intervals":[{"streams":[],"sum":{"start":0,"bits_per_second":191000000.75}},
            {"sum":{"bits_per_second":189500000}}],"end":{"sum_sent":{"bits_per_second":190300000,"retransmits":42},
            "sum_received":{"bits_per_second":188000000.5},"sender_tcp_congestion":"cubic"}}
            """
        let report = try #require(TelemetryReport(json: json))
        #expect(report.perSecond == [BitRate(bitsPerSecond: 191_000_000), BitRate(bitsPerSecond: 189_500_000)])
        #expect(report.received == BitRate(bitsPerSecond: 188_000_000))
        #expect(report.congestionControl == "cubic" && report.retransmits == 42)
    }

    @Test(arguments: [
        "", "{}", #"{"start":{},"intervals":[],"end":{},"error":"unable to connect to server: Connection refused"}"#,
        #"{"intervals":[],"end":{"sum_received":{"bits_per_second":-1}}}"#,
    ])
    func `what is no report is refused`(json: String) {
        #expect(TelemetryReport(json: json) == nil)
    }
}
