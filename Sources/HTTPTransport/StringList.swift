internal import CLibCurl

/// Owns a `curl_slist`: libcurl reads it during a transfer and never frees it.
@safe
final class StringList {
    private var raw: UnsafeMutablePointer<curl_slist>?

    init(_ lines: [String]) {
        for line in lines {
            guard let longer = unsafe curl_slist_append(raw, line) else { fatalError("memory is exhausted") }
            unsafe raw = longer
        }
    }
    deinit { unsafe curl_slist_free_all(raw) }

    func withList(_ body: (UnsafeMutablePointer<curl_slist>?) -> Void) { unsafe body(raw) }
}
