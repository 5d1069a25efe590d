import Explanation

/// A table for a terminal: upper-case headers, columns padded with spaces, no borders, so that `awk` and `cut` can read it too.
struct TextTable {
    enum Alignment { case left, right }
    struct Column {
        let header: String
        let alignment: Alignment
        init(_ header: String, _ alignment: Alignment = .left) {
            self.header = header
            self.alignment = alignment
        }
    }

    let columns: [Column]
    /// As many cells as there are columns; control characters in them are not let through to the terminal.
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has one cell per column")
        rows.append(cells.map { plainLine($0) })
    }

    /// One line per row, each ended by a line break, without spaces at its end.
    func text(headers: Bool = true) -> String {
        let shown = (headers ? [columns.map(\.header)] : []) + rows
        let widths = columns.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
        return shown.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += columns[column].alignment == .right ? padding + cell : cell + padding
                line += "   "
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
