/// The highest term that may have been given out, from all who name one.
///
/// The centre's own stream is the authority. But a database that was restored to an older state may have forgotten terms that sites
/// act under, and a new term must lie above those too, or the sites would take nothing from it. So a site's word counts, up to a
/// bounded distance: each term takes a lease to run out, so that so many could not be forgotten in months, and a forged one pins
/// nothing (a thousand forgeries a second would need 290 years to come near the end of the numbers).
struct TermsSeen: Sendable {
    /// How far above the highest that the centre itself named a site's may lie.
    static let maximumLead: Int64 = 1_000_000

    private var central: Int64 = 0
    private var sites: Int64 = 0
    private(set) var absurd: Int64 = 0

    var highest: Int64 { max(central, sites) }

    /// Takes over what another has seen.
    mutating func merge(_ other: TermsSeen) {
        (central, sites, absurd) = (max(central, other.central), max(sites, other.sites), absurd + other.absurd)
    }

    mutating func centre(names term: Int64) { central = max(central, term) }

    mutating func site(names term: Int64) {
        guard term <= central || term - central <= TermsSeen.maximumLead else { return absurd += 1 }
        sites = max(sites, term)
    }
}
