#include "gateway/storage/resource.hpp"

#include <charconv>
#include <cstring>

namespace causeway::storage {

namespace {

void append_digits(std::string& out, unsigned value, int width) {
    char text[8];
    for (int i = width - 1; i >= 0; --i) {
        text[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    out.append(text, static_cast<std::size_t>(width));
}

/// Walks the tokens of one JSON text and copies them without the white space between them.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    void skip_blanks() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
            ++at_;
    }
    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool at_end() {
        skip_blanks();
        return at_ == text_.size();
    }
    /// With its quotes; empty if there is no string here.
    std::string_view string() {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != '"') return {};
        const auto begin = at_++;
        while (at_ < text_.size()) {
            if (text_[at_] == '\\') {
                at_ += 2;
            } else if (text_[at_++] == '"') {
                return text_.substr(begin, at_ - begin);
            }
        }
        return {};
    }
    /// Copies one value; false if it does not end.
    bool value(std::string& out) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '}' || text_[at_] == ']') return false;
        std::size_t depth = 0;
        auto run = at_;
        const auto flush = [&](std::size_t end) { out.append(text_.data() + run, end - run); };
        while (at_ < text_.size()) {
            const char c = text_[at_];
            switch (c) {
                case '"': {
                    ++at_;
                    for (;;) {
                        const auto* const stop =
                            static_cast<const char*>(std::memchr(text_.data() + at_, '"', text_.size() - at_));
                        if (!stop) return false;
                        at_ = static_cast<std::size_t>(stop - text_.data()) + 1;
                        std::size_t slashes = 0;
                        while (text_[at_ - 2 - slashes] == '\\') ++slashes;  // ends at the opening quote at the latest
                        if (slashes % 2 == 0) break;
                    }
                    if (depth == 0) return flush(at_), true;
                    break;
                }
                case '{':
                case '[':
                    ++depth;
                    ++at_;
                    break;
                case '}':
                case ']':
                    if (depth == 0) return flush(at_), true;  // the value before was a number or a word
                    ++at_;
                    if (--depth == 0) return flush(at_), true;
                    break;
                case ',':
                    if (depth == 0) return flush(at_), true;
                    ++at_;
                    break;
                case ' ':
                case '\t':
                case '\n':
                case '\r':
                    flush(at_);
                    skip_blanks();
                    run = at_;
                    break;
                default:
                    ++at_;
            }
        }
        return false;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

Failure not_an_object() { return {FailureCode::refused, "a resource's body must be one JSON object"}; }

/// Appends the members of `meta` except the two that the store gives; each is preceded by a comma.
bool append_meta_members(Scanner& scan, std::string& out) {
    if (!scan.take('{')) return false;
    if (scan.take('}')) return true;
    std::string dropped;
    do {
        const auto name = scan.string();
        if (name.empty() || !scan.take(':')) return false;
        const bool ours = name == R"("versionId")" || name == R"("lastUpdated")";
        auto& target = ours ? dropped : out;
        if (!ours) {
            out += ',';
            out += name;
            out += ':';
        }
        if (!scan.value(target)) return false;
    } while (scan.take(','));
    return scan.take('}');
}

}  // namespace

Result<PreparedBody> prepare_body(std::string_view json, std::string_view type, std::string_view id) {
    Scanner scan(json);
    if (!scan.take('{')) return not_an_object();
    PreparedBody body;
    body.json.reserve(json.size() + 64);
    body.json.append(R"({"resourceType":")").append(type).append(R"(","id":")").append(id).append("\"");
    std::string meta;
    std::string dropped;
    // Members before `meta` wait here, so that meta stands third whatever the sender's order was.
    std::string early;
    early.reserve(json.size());
    bool have_meta = false;
    if (!scan.take('}')) {
        do {
            const auto name = scan.string();
            if (name.empty() || !scan.take(':')) return not_an_object();
            if (name == R"("resourceType")" || name == R"("id")") {
                dropped.clear();
                if (!scan.value(dropped)) return not_an_object();
            } else if (name == R"("meta")") {
                if (have_meta) return not_an_object();
                have_meta = true;
                if (!append_meta_members(scan, meta)) return not_an_object();
            } else {
                early += ',';
                early += name;
                early += ':';
                if (!scan.value(early)) return not_an_object();
            }
        } while (scan.take(','));
        if (!scan.take('}')) return not_an_object();
    }
    if (!scan.at_end()) return not_an_object();
    if (meta.empty()) {
        body.splice = static_cast<std::uint32_t>(body.json.size());
    } else {
        body.json += R"(,"meta":{)";
        body.splice = static_cast<std::uint32_t>(body.json.size());
        body.has_meta = true;
        body.json += meta;
        body.json += '}';
    }
    body.json += early;
    body.json += '}';
    return body;
}

void append_instant(TimeUs at_us, std::string& out) {
    auto days = at_us / 86'400'000'000;
    auto rest = at_us % 86'400'000'000;
    if (rest < 0) {
        rest += 86'400'000'000;
        --days;
    }
    // Civil date from a day count (era of 400 years, year begins in March).
    days += 719'468;
    const auto era = (days >= 0 ? days : days - 146'096) / 146'097;
    const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
    const auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const auto shifted = (5 * day_of_year + 2) / 153;
    const auto month = shifted < 10 ? shifted + 3 : shifted - 9;
    const auto year = static_cast<unsigned>(static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0));
    const auto seconds = static_cast<unsigned>(rest / 1'000'000);
    append_digits(out, year, 4);
    out += '-';
    append_digits(out, month, 2);
    out += '-';
    append_digits(out, day_of_year - (153 * shifted + 2) / 5 + 1, 2);
    out += 'T';
    append_digits(out, seconds / 3600, 2);
    out += ':';
    append_digits(out, seconds / 60 % 60, 2);
    out += ':';
    append_digits(out, seconds % 60, 2);
    out += '.';
    append_digits(out, static_cast<unsigned>(rest % 1'000'000), 6);
    out += 'Z';
}

void append_version_members(const VersionInfo& version, std::string& out) {
    char number[24];
    const auto end = std::to_chars(number, number + sizeof number, version.number).ptr;
    out.append(R"("versionId":")").append(number, end).append(R"(","lastUpdated":")");
    append_instant(version.at_us, out);
    out += '"';
}

void StoredResource::append_json(std::string& out) const {
    if (erased()) return;
    out.reserve(out.size() + body.json.size() + 96);
    out.append(body.json, 0, body.splice);
    if (!body.has_meta) out += R"(,"meta":{)";
    append_version_members(version, out);
    if (!body.has_meta) out += '}';
    out.append(body.json, body.splice);
}

}  // namespace causeway::storage
