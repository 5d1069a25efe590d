import Events
import JSONDocument
import Quantities
import ReadModel
import SampleFleet
import Testing

@testable import Web

/// Aim: a row whose clock said anything at all is shown, and breaks no page. Method: ticks at the ends of their type, in the fleet's table,
/// its timeline and its chart.
@Suite struct AbsurdTimeTests {
    private static let extremes: [Int64] = [.min, .min + 1, -1, 0, 1_795_000_000_000_000, .max - 1, .max]

    private func tick(_ microseconds: Int64, interval: Int32) -> Tick {
        Tick(
            number: 1, at: WallTime(microseconds: microseconds), intervalMilliseconds: interval, rosterSequence: 1,
            flows: [FlowSample(quality: .measured, count: 50, lost: 0, windowMilliseconds: 1_000, p95: .microseconds(100))])
    }

    @Test func `the table, the timeline and its chart survive every time`() async throws {
        for at in Self.extremes {
            for received in Self.extremes {
                for interval: Int32 in [.min, 0, 5_000, .max] {
                    let position = LogPosition(stream: "plant-a/s", sequence: 2)
                    let overview = ClusterOverview(
                        cluster: "plant-a", roster: nil, newest: [PositionedTick(position: position, tick: tick(at, interval: interval))],
                        receivedAt: WallTime(microseconds: received))
                    for now in Self.extremes {
                        let status = ClusterStatus(overview, now: WallTime(microseconds: now))
                        #expect(!status.seen.isEmpty && !status.json.text.isEmpty)
                    }
                }
            }
        }
        for from in Self.extremes {
            for to in Self.extremes {
                let points = Self.extremes.flatMap { at in [Int32.min, 5_000, .max].map { TimelinePoint(tick(at, interval: $0)) } }
                let merged = TimelinePoint.merged(points, atMost: 4)
                let roster = Roster.plant("plant-a", mode: "enforce")
                for points in [points, merged] {
                    let timeline = ClusterTimeline(
                        cluster: "plant-a", from: WallTime(microseconds: from), to: WallTime(microseconds: to), roster: roster, points: points,
                        decisions: [])
                    #expect(ClusterTimelineChart(timeline: timeline).svg.contains("</svg>"))
                }
            }
        }
    }
}
