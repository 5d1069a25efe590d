/// A word as it can be pasted into a POSIX shell: as it is where nothing in it means anything there, else in single quotes.
func shellQuoted(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.unicodeScalars.allSatisfy { scalar in
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "_-./:=,@%+".unicodeScalars.contains(scalar))
    }
    return isPlain ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
}
