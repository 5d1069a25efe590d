import Quantities

/// The marks of an axis of values: from 0, at round steps (1, 2, 5 × a power of ten), about `wanted` of them.
struct ValueScale {
    let top: Double
    let step: Double

    /// - Parameter top: the largest value to show; not positive means that nothing is known, and 1 is taken.
    init(upTo top: Double, wanted: Int = 4) {
        let top = top > 0 && top.isFinite ? top : 1
        var power = 1.0
        while power * 10 <= top / Double(wanted) { power *= 10 }
        while power > top / Double(wanted) { power /= 10 }
        let step = [1, 2, 5, 10].map { $0 * power }.first { top / $0 <= Double(wanted) } ?? power * 10
        self.step = step
        self.top = (top / step).rounded(.up) * step
    }

    var marks: [Double] {
        var marks: [Double] = []
        var count = 0.0
        while count * step <= top * 1.0001 {
            marks.append(count * step)
            count += 1
        }
        return marks
    }

    /// As many digits behind the point as the step needs.
    func label(_ value: Double) -> String {
        decimal(value, fractionDigits: step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3)
    }
}

/// The marks of an axis of time in UTC: at whole seconds, minutes, hours or days, at most `most` of them.
struct TimeScale {
    let from: WallTime
    let to: WallTime
    let stepSeconds: Int64

    init(from: WallTime, to: WallTime, most: Int64 = 8) {
        self.from = from
        self.to = max(to, from + .seconds(1))
        // By floating point: two instants may lie further apart than either's type reaches.
        let seconds = Int64(max(1, (Double(self.to.microseconds) - Double(from.microseconds)) / 1_000_000))
        let steps: [Int64] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400]
        stepSeconds = steps.first { seconds / $0 <= most } ?? (seconds / most / 86_400 + 1) * 86_400
    }

    var marks: [WallTime] {
        let step = stepSeconds * 1_000_000
        var marks: [WallTime] = []
        var mark = from.microseconds / step * step
        var isBeyond = false
        while mark <= to.microseconds, !isBeyond {
            if mark >= from.microseconds { marks.append(WallTime(microseconds: mark)) }
            (mark, isBeyond) = mark.addingReportingOverflow(step)
        }
        return marks
    }

    /// `06:40`, with seconds where the step is shorter than a minute, or the date where it is whole days.
    func label(_ time: WallTime) -> String {
        let text = time.description
        if stepSeconds >= 86_400 { return String(text.prefix(10)) }
        return String(text.dropFirst(11).prefix(stepSeconds < 60 ? 8 : 5))
    }

    /// Share of the width, 0 … 1, held at the ends.
    func position(_ time: WallTime) -> Double {
        let share = (Double(time.microseconds) - Double(from.microseconds)) / (Double(to.microseconds) - Double(from.microseconds))
        return min(1, max(0, share))
    }
}
