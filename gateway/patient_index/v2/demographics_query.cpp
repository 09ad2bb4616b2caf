#include "gateway/patient_index/v2/demographics_query.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include "fhir/json/json.hpp"
#include "fhir/search/query.hpp"
#include "gateway/patient_index/fhir_patient.hpp"
#include "gateway/patient_index/match/features.hpp"
#include "gateway/patient_index/match/metaphone.hpp"
#include "gateway/patient_index/match/similarity.hpp"
#include "gateway/patient_index/match/tables.hpp"

namespace causeway::patient_index::v2 {
namespace {

using fhir::search::QueryParameter;

constexpr std::size_t found_max = 1000;     ///< more is no answer a person can use
constexpr std::size_t examined_max = 5000;  ///< of an approximate search
constexpr std::size_t mothers_max = 100;    ///< whose children are looked for

struct Parameter {
    std::string_view name;
    std::string DemographicsQuery::*member;
};

/// 198401 -> 1984-01; anything else as it is (and then nothing fits).
std::string fhir_date(std::string_view text) {
    std::string out(text.substr(0, std::min<std::size_t>(text.size(), 8)));
    if (out.size() == 8) out.insert(6, "-");
    if (out.size() >= 6 && out.find('-') != 4) out.insert(4, "-");
    return out;
}

std::string fhir_gender(std::string_view code) {
    if (code == "M" || code == "m") return "male";
    if (code == "F" || code == "f") return "female";
    if (code == "O" || code == "A") return "other";
    return "unknown";
}

std::string folded(std::string_view name) {
    match::Record record;
    record.names.push_back({std::string(name), {}, {}, {}, {}});
    const auto features = match::normalise(record);
    return features.names.empty() ? std::string() : features.names[0].given;
}

/// `JO*` begins with JO; without a star the name itself.
bool fits(std::string_view name, std::string_view wanted) {
    const bool pattern = wanted.ends_with('*');
    if (pattern) wanted.remove_suffix(1);
    const auto x = folded(name), y = folded(wanted);
    return pattern ? y.empty() || x.starts_with(y) : x == y;
}

/// How alike two names are, 0 if they are not: the same, a pet form, of one sound, or a letter apart.
double likeness_of(std::string_view name, std::string_view wanted) {
    if (fits(name, wanted)) return 1;
    const auto x = folded(name), y = folded(wanted);
    if (x.empty() || y.empty()) return 0;
    if (match::nickname_pair(x, y)) return .9;
    if (match::likeness(x, y) == match::Likeness::close) return .85;
    return match::soundex(x) == match::soundex(y) || match::sounds_alike(x, y) ? .8 : 0;
}

/// Of the name of the patient that fits best; 0 = none does.
double confidence(fhir::Element patient, const DemographicsQuery& query) {
    const auto part = [&](std::string_view value, const std::string& wanted) {
        if (wanted.empty()) return 1.;
        return query.fuzzy ? likeness_of(value, wanted) : fits(value, wanted) ? 1. : 0.;
    };
    if (query.family.empty() && query.given.empty() && query.middle.empty()) return 1;
    double best = 0;
    for (const auto name : patient["name"].items()) {
        double given = query.given.empty() ? 1 : 0, middle = query.middle.empty() ? 1 : 0;
        std::size_t i = 0;
        for (const auto each : name["given"].items()) {
            if (!query.given.empty()) given = std::max(given, part(each.text(), query.given));
            if (i++ > 0 && !query.middle.empty()) middle = std::max(middle, part(each.text(), query.middle));
        }
        best = std::max(best, std::min({part(name["family"].text(), query.family), given, middle}));
    }
    return best;
}

bool birth_date_fits(std::string_view known, std::string_view wanted) {
    return wanted.empty() || known.starts_with(wanted);
}

class Search {
public:
    Search(storage::Reader& reader, const DemographicsQuery& query, const Authorities& authorities)
        : reader_(reader), query_(query), authorities_(authorities) {}

    DemographicsAnswer run() {
        if (query_.fuzzy && (!query_.family.empty() || !query_.given.empty())) {
            // names that sound alike begin alike or share the other half
            look(parameters(true, false), examined_max);
            look(parameters(false, true), examined_max);
            look(by_initials(), examined_max);
        } else {
            look(parameters(true, true), found_max + 1);
            answer_.too_many = seen_.size() > found_max;
        }
        for (const auto& [rid, confidence_of] : seen_)
            if (confidence_of > 0) answer_.hits.push_back({rid, confidence_of});
        std::stable_sort(answer_.hits.begin(), answer_.hits.end(),
                         [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
        if (answer_.hits.size() > found_max) answer_.hits.resize(found_max);
        return std::move(answer_);
    }

private:
    static std::string without_star(std::string text) {
        if (text.ends_with('*')) text.pop_back();
        return text;
    }

    void add(std::vector<QueryParameter>& out, std::string name, std::string value) const {
        if (value.empty()) return;
        for (const char c : {'\\', ',', '|', '$'})
            for (auto at = value.find(c); at != std::string::npos; at = value.find(c, at + 2))
                value.insert(at, 1, '\\');
        out.push_back({std::move(name), std::move(value)});
    }

    std::string token(const DemographicsQuery::Id& id) const {
        if (id.namespace_id.empty() && id.universal_id.empty()) return id.value;
        // an unknown domain has no numbers
        const auto system = authorities_.system_of(id.namespace_id, id.universal_id, id.universal_type);
        return (system.empty() ? "urn:causeway:unknown" : system) + '|' + id.value;
    }

    /// What is asked, apart from the names.
    std::vector<QueryParameter> others() const {
        std::vector<QueryParameter> out;
        if (query_.patient.asked()) out.push_back({"identifier", token(query_.patient)});
        if (query_.account.asked()) out.push_back({"identifier", token(query_.account)});
        add(out, "gender", query_.gender);
        add(out, "birthdate", query_.birth_date);
        add(out, "address", without_star(query_.street));
        add(out, "address-city", without_star(query_.city));
        add(out, "address-state", without_star(query_.state));
        add(out, "address-postalcode", without_star(query_.postal_code));
        add(out, "address-country", without_star(query_.country));
        add(out, "phone", query_.phone);
        add(out, "mothersMaidenName", without_star(query_.mother_family));
        return out;
    }

    std::vector<QueryParameter> parameters(bool family, bool given) const {
        auto out = others();
        if (family) add(out, "family", without_star(query_.family));
        if (given) add(out, "given", without_star(query_.given));
        return out;
    }

    std::vector<QueryParameter> by_initials() const {
        auto out = others();
        add(out, "family", query_.family.substr(0, 1));
        add(out, "given", query_.given.substr(0, 1));
        return out;
    }

    void look(std::vector<QueryParameter> wanted, std::size_t limit) {
        if (query_.mother.asked()) {
            for (const auto& child : children_of_mother()) examine(child, wanted);
            return;
        }
        if (!query_.mother_family.empty() || !query_.mother_given.empty())
            for (const auto& child : children_of_named_mother()) examine(child, wanted);
        if (wanted.empty()) return;
        const auto parsed = fhir::search::parse_query("Patient", wanted);
        if (!parsed.ok()) return;
        for (const auto& hit : reader_.find(parsed.plan, limit).value()) examine(hit.version.rid, {});
    }

    /// Patients that are told to be the child of whom this number names.
    std::vector<storage::Rid> children_of_mother() const {
        return children_of({{"identifier", token(query_.mother)}}, [](fhir::Element) { return true; });
    }

    /// Patients whose mother has that name: as somebody told it of her, or as a patient of ours whom a number names.
    std::vector<storage::Rid> children_of_named_mother() const {
        const auto named = [&](fhir::Element person) {
            for (const auto name : person["name"].items()) {
                bool given = query_.mother_given.empty();
                for (const auto each : name["given"].items()) given = given || fits(each.text(), query_.mother_given);
                if (given && (query_.mother_family.empty() || fits(name["family"].text(), query_.mother_family)))
                    return true;
            }
            return false;
        };
        std::vector<QueryParameter> by_name;
        add(by_name, "name", without_star(query_.mother_family));
        add(by_name, "name", without_star(query_.mother_given));
        auto out = children_of(by_name, named);
        const auto parsed = fhir::search::parse_query("Patient", by_name);
        if (by_name.empty() || !parsed.ok()) return out;
        for (const auto& hit : reader_.find(parsed.plan, mothers_max).value()) {
            const auto mother = document(hit.version.rid);
            if (!mother || !named(mother->root())) continue;
            for (const auto identifier : mother->root()["identifier"].items()) {
                std::vector<QueryParameter> by_number;
                by_number.push_back({"identifier", std::string(identifier["system"].text()) + '|' +
                                                       std::string(identifier["value"].text())});
                const auto more = children_of(by_number, [](fhir::Element) { return true; });
                out.insert(out.end(), more.begin(), more.end());
            }
        }
        return out;
    }

    template <class Fits>
    std::vector<storage::Rid> children_of(const std::vector<QueryParameter>& wanted, const Fits& is_she) const {
        std::vector<storage::Rid> out;
        const auto parsed = fhir::search::parse_query("RelatedPerson", wanted);
        if (wanted.empty() || !parsed.ok()) return out;
        for (const auto& hit : reader_.find(parsed.plan, found_max).value()) {
            const auto person = document(hit.version.rid);
            if (!person || !is_she(person->root())) continue;
            const auto reference = person->root()["patient"]["reference"].text();
            if (!reference.starts_with("Patient/")) continue;
            const auto version = reader_.version("Patient", reference.substr(8)).value();
            if (version) out.push_back(version->rid);
        }
        return out;
    }

    fhir::DocumentPtr document(storage::Rid rid) const {
        const auto stored = reader_.read(rid).value();
        if (!stored || stored->erased()) return nullptr;
        auto parsed = fhir::parse_json(stored->body.json);
        return parsed.has_error() ? nullptr : std::move(*parsed);
    }

    void examine(storage::Rid rid, const std::vector<QueryParameter>& also) {
        if (seen_.contains(rid)) return;
        const auto stored = document(rid);
        if (!stored) return;
        const auto patient = stored->root();
        double fits_how =
            birth_date_fits(patient["birthDate"].text(), query_.birth_date) ? confidence(patient, query_) : 0;
        if (!also.empty() && !query_.gender.empty() && patient["gender"].text() != query_.gender) fits_how = 0;
        if (fits_how < query_.confidence_min) fits_how = 0;
        seen_.emplace(rid, fits_how);
    }

    storage::Reader& reader_;
    const DemographicsQuery& query_;
    const Authorities& authorities_;
    std::map<storage::Rid, double> seen_;
    DemographicsAnswer answer_;
};

/// `PID.3.4.1` of `@PID.3.4.1`; a last `.1` of a name that has no parts is the name itself.
std::string_view parameter_name(std::string_view text) {
    if (text.starts_with('@')) text.remove_prefix(1);
    return text;
}

bool read_id(DemographicsQuery::Id& id, std::string_view rest, std::string value) {
    if (rest == ".1" || rest.empty())
        id.value = std::move(value);
    else if (rest == ".4" || rest == ".4.1")
        id.namespace_id = std::move(value);
    else if (rest == ".4.2")
        id.universal_id = std::move(value);
    else if (rest == ".4.3")
        id.universal_type = std::move(value);
    else
        return rest == ".5";  // the type of number: the domain says more
    return true;
}

}  // namespace

bool DemographicsQuery::empty() const {
    const DemographicsQuery none;
    for (const auto member :
         {&DemographicsQuery::family, &DemographicsQuery::given, &DemographicsQuery::middle,
          &DemographicsQuery::mother_family, &DemographicsQuery::mother_given, &DemographicsQuery::birth_date,
          &DemographicsQuery::gender, &DemographicsQuery::street, &DemographicsQuery::city, &DemographicsQuery::state,
          &DemographicsQuery::postal_code, &DemographicsQuery::country, &DemographicsQuery::phone})
        if (!(this->*member).empty()) return false;
    return !patient.asked() && !mother.asked() && !account.asked();
}

DemographicsQuery DemographicsQuery::read(const hl7v2::SegmentView& qpd) {
    static const std::map<std::string_view, std::string DemographicsQuery::*> plain = {
        {"PID.5.1", &DemographicsQuery::family},          {"PID.5.1.1", &DemographicsQuery::family},
        {"PID.5.2", &DemographicsQuery::given},           {"PID.5.3", &DemographicsQuery::middle},
        {"PID.5.4", &DemographicsQuery::suffix},          {"PID.6.1", &DemographicsQuery::mother_family},
        {"PID.6.1.1", &DemographicsQuery::mother_family}, {"PID.6.2", &DemographicsQuery::mother_given},
        {"PID.11.1", &DemographicsQuery::street},         {"PID.11.1.1", &DemographicsQuery::street},
        {"PID.11.3", &DemographicsQuery::city},           {"PID.11.4", &DemographicsQuery::state},
        {"PID.11.5", &DemographicsQuery::postal_code},    {"PID.11.6", &DemographicsQuery::country},
        {"PID.13.1", &DemographicsQuery::phone},          {"PID.13", &DemographicsQuery::phone}};
    DemographicsQuery out;
    std::uint16_t repetition = 0;
    for (const auto each : qpd.field(3).repetitions()) {
        ++repetition;
        if (!each.valued()) continue;
        const std::string full = each.component(1).value().text();
        const auto name = parameter_name(full);
        std::string value = each.component(2).value().text();
        bool known = true;
        if (const auto at = plain.find(name); at != plain.end())
            out.*(at->second) = std::move(value);
        else if (name == "PID.7" || name == "PID.7.1")
            out.birth_date = fhir_date(value);
        else if (name == "PID.8")
            out.gender = fhir_gender(value);
        else if (name.starts_with("PID.3") && (name.size() == 5 || name[5] == '.'))
            known = read_id(out.patient, name.substr(5), std::move(value));
        else if (name.starts_with("PID.18"))
            known = read_id(out.account, name.substr(6), std::move(value));
        else if (name.starts_with("PID.21"))
            known = read_id(out.mother, name.substr(6), std::move(value));
        else
            known = false;
        if (!known && out.fault_repetition == 0) out.fault_repetition = repetition;
    }
    for (const std::size_t field : {4, 5, 6, 7}) out.fuzzy = out.fuzzy || qpd.field(field).valued();
    for (const std::size_t field : {4, 7}) {
        const auto text = qpd.field(field).value().text();
        const double asked = std::strtod(text.c_str(), nullptr);
        if (asked > 0 && asked <= 1) out.confidence_min = asked;
    }
    return out;
}

DemographicsAnswer find_patients(storage::Reader& reader, const DemographicsQuery& query,
                                 const Authorities& authorities) {
    return Search(reader, query, authorities).run();
}

}  // namespace causeway::patient_index::v2
