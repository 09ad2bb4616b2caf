#include "gateway/patient_index/golden.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/patient_index/identity.hpp"

namespace causeway::patient_index {
namespace {

using fhir::Element;

constexpr std::size_t members_max = 64, members_read_max = 1000;
constexpr std::size_t values_max = 100;  ///< of one list
constexpr std::string_view source_extension = "urn:causeway:ext:source";

std::string canonical(Element element) {
    std::string out;
    fhir::write_json(element, out);
    return out;
}

/// What makes two entries of a list the same value; periods, use and extensions do not.
std::string sameness(std::string_view list, Element item) {
    const auto fold = [](std::string text) {
        for (auto& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        return text;
    };
    if (list == "identifier") return std::string(item["system"].text()) + '|' + std::string(item["value"].text());
    if (list == "telecom") {
        std::string digits;
        const bool phone = item["system"].text() == "phone";
        for (const char c : item["value"].text())
            if (!phone || (c >= '0' && c <= '9')) digits.push_back(c);
        return std::string(item["system"].text()) + fold(digits.empty() ? std::string(item["value"].text()) : digits);
    }
    std::string out;
    if (list == "name") {
        for (const auto part : item["given"].items()) out += fold(std::string(part.text())) + ' ';
        return out + '|' + fold(std::string(item["family"].text())) + '|' + fold(std::string(item["text"].text()));
    }
    if (list == "address") {
        for (const auto part : item["line"].items()) out += fold(std::string(part.text())) + ' ';
        for (const auto name : {"city", "postalCode", "text"}) out += '|' + fold(std::string(item[name].text()));
        return out;
    }
    return canonical(item);
}

/// Place of the record's best number among the trusted systems; their count if it has none of them.
std::size_t trust_rank(const Member& member, std::span<const std::string> trusted) {
    std::size_t best = trusted.size();
    for (const auto identifier : member.patient->root()["identifier"].items()) {
        const auto at = std::find(trusted.begin(), trusted.end(), identifier["system"].text());
        best = std::min(best, static_cast<std::size_t>(at - trusted.begin()));
    }
    return best;
}

class Composer {
public:
    Composer(const std::vector<Member>& members, const GoldenOptions& options)
        : members_(members), options_(options), builder_("Patient") {}

    fhir::DocumentPtr run() && {
        const bool active = std::any_of(members_.begin(), members_.end(), [](const Member& member) {
            return !member.subsumed && member.patient->root()["active"].text() != "false";
        });
        add_own_identifier();
        list("identifier", true);
        builder_.root().member("active").set_boolean(active);
        for (const auto name : {"name", "telecom"}) list(name, false);
        chosen({"gender"});
        birth_date();
        chosen({"deceasedBoolean", "deceasedDateTime"});
        list("address", false);
        chosen({"maritalStatus"});
        chosen({"multipleBirthBoolean", "multipleBirthInteger"});
        for (const auto name : {"contact", "communication", "generalPractitioner"}) list(name, false);
        chosen({"managingOrganization"});
        extensions();
        links();
        return std::move(builder_).finish();
    }

private:
    void add_own_identifier() {
        if (options_.person_system.empty()) return;
        auto own = builder_.root().append("identifier");
        own.member("use").set_string_ref("official");
        own.member("system").set_string(options_.person_system);
        own.member("value").set_string(options_.person_value);
    }

    void say_source(fhir::MutableElement value, const Member& member) {
        if (!options_.sources) return;
        auto extension = value.append("extension");
        extension.member("url").set_string_ref(source_extension);
        extension.member("valueReference").member("reference").set_string("Patient/" + member.id);
    }

    void list(std::string_view name, bool of_replaced_too) {
        std::set<std::string> seen;
        for (const auto& member : members_) {
            if (member.subsumed && !of_replaced_too) continue;
            for (const auto item : member.patient->root()[name].items()) {
                if (seen.size() == values_max || !seen.insert(sameness(name, item)).second) continue;
                auto out = builder_.root().append(name);
                out.copy_from(item);
                if (member.subsumed) out.member("use").set_string_ref("old");
                say_source(out, member);
            }
        }
    }

    /// The element (one of a choice) and value that most records in use have; of equals the newest record's.
    void chosen(std::initializer_list<std::string_view> choices) {
        std::map<std::string, std::size_t> votes;
        const auto of = [&](const Member& member) {
            for (const auto name : choices)
                if (const auto found = member.patient->root()[name]) return found;
            return Element();
        };
        for (const auto& member : members_)
            if (const auto value = of(member); value && !member.subsumed) ++votes[canonical(value)];
        const Member* best = nullptr;
        std::size_t most = 0;
        for (const auto& member : members_) {
            const auto value = of(member);
            if (!value || member.subsumed || votes[canonical(value)] <= most) continue;
            most = votes[canonical(value)];
            best = &member;
        }
        if (best) put(of(*best), *best);
    }

    void put(Element value, const Member& member) {
        auto out = builder_.root().member(value.name());
        out.copy_from(value);
        say_source(out, member);
    }

    /// A whole date beats a part; then votes; then the newest.
    void birth_date() {
        std::map<std::string_view, std::size_t> votes;
        for (const auto& member : members_)
            if (!member.subsumed) ++votes[member.patient->root()["birthDate"].text()];
        const Member* best = nullptr;
        std::pair<std::size_t, std::size_t> most{0, 0};
        for (const auto& member : members_) {
            const auto text = member.patient->root()["birthDate"].text();
            if (member.subsumed || text.empty()) continue;
            const std::pair rank{text.size(), votes[text]};
            if (rank <= most) continue;
            most = rank;
            best = &member;
        }
        if (best) put(best->patient->root()["birthDate"], *best);
    }

    void extensions() {
        std::set<std::string> seen;  // by url: the newest record's
        for (const auto& member : members_) {
            if (member.subsumed) continue;
            std::set<std::string> here;
            for (const auto extension : member.patient->root()["extension"].items()) {
                const std::string url(extension["url"].text());
                if (seen.contains(url)) continue;
                here.insert(url);
                builder_.root().append("extension").copy_from(extension);
            }
            seen.insert(here.begin(), here.end());
        }
    }

    void links() {
        for (const auto& member : members_) {
            auto link = builder_.root().append("link");
            link.member("other").member("reference").set_string("Patient/" + member.id);
            link.member("type").set_string_ref(member.subsumed ? "replaces" : "seealso");
        }
        std::set<std::string> seen;  // relatives
        for (const auto& member : members_)
            for (const auto link : member.patient->root()["link"].items())
                if (const auto other = link["other"]["reference"].text();
                    other.starts_with("RelatedPerson/") && seen.emplace(other).second)
                    builder_.root().append("link").copy_from(link);
    }

    const std::vector<Member>& members_;
    const GoldenOptions& options_;
    fhir::DocumentBuilder builder_;
};

}  // namespace

std::vector<Member> members_of(storage::Reader& reader, storage::PersonId person) {
    std::vector<Member> out;
    for (const auto rid : reader.patients().members(person, members_read_max).value()) {
        const auto record = reader.patients().record(rid).value();
        auto stored = reader.read(rid).value();
        if (!record || !stored || stored->erased()) continue;
        Member member;
        member.record = rid;
        member.id = stored->id;
        member.at_us = stored->version.at_us;
        member.subsumed = (record->state & record_state::subsumed) != 0;
        auto parsed = fhir::parse_json(std::move(stored->body.json));
        if (parsed.has_error()) continue;
        member.patient = std::move(*parsed);
        out.push_back(std::move(member));
    }
    std::stable_sort(out.begin(), out.end(), [](const Member& a, const Member& b) {
        return a.subsumed != b.subsumed ? !a.subsumed : a.at_us > b.at_us;
    });
    if (out.size() > members_max) out.resize(members_max);
    return out;
}

fhir::DocumentPtr golden_record(const std::vector<Member>& members, const GoldenOptions& options) {
    if (options.trusted.empty()) return Composer(members, options).run();
    auto ordered = members;
    std::stable_sort(ordered.begin(), ordered.end(), [&](const Member& a, const Member& b) {
        if (a.subsumed != b.subsumed) return !a.subsumed;
        return trust_rank(a, options.trusted) < trust_rank(b, options.trusted);
    });
    return Composer(ordered, options).run();
}

}  // namespace causeway::patient_index
