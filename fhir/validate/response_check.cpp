#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "fhir/model/reference.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/validate/run.hpp"

namespace causeway::fhir {

namespace {

struct AnswerType {
    std::string_view item;  ///< Questionnaire.item.type
    std::array<std::string_view, 2> values;
};
// What each type of question is answered by. A choice takes the types of its options, Coding where it names none.
constexpr auto answer_types = std::to_array<AnswerType>({
    {"boolean", {"boolean", ""}},
    {"decimal", {"decimal", ""}},
    {"integer", {"integer", ""}},
    {"date", {"date", ""}},
    {"dateTime", {"dateTime", ""}},
    {"time", {"time", ""}},
    {"string", {"string", ""}},
    {"text", {"string", ""}},
    {"url", {"uri", ""}},
    {"attachment", {"Attachment", ""}},
    {"reference", {"Reference", ""}},
    {"quantity", {"Quantity", ""}},
});

struct Value {
    Element element;
    std::string_view type;
};

/// The choice of a backbone element, by default value[x] of an answer or of an option.
Value value_of(Element holder, std::string_view owner = "QuestionnaireResponse.item.answer",
               std::string_view name = "value") {
    const r4::TypeDef* const type = r4::find_type(owner);
    for (const Element child : holder.children())
        if (const auto member = r4::find_element(*type, child.name()); member.element && member.element->name == name)
            return {child, member.type->name};
    return {};
}

bool is_same(const Value& answer, const Value& option) {
    if (answer.type != option.type) return false;
    if (answer.type == "Coding")
        return answer.element["code"].text() == option.element["code"].text() &&
               answer.element["system"].text() == option.element["system"].text();
    if (answer.type == "Reference") return answer.element["reference"].text() == option.element["reference"].text();
    return answer.element.text() == option.element.text();
}

/// Which questions of a Questionnaire a response turns on (Questionnaire.item.enableWhen), where that can be told: not where the
/// question that decides stands in a group that repeats, nor by values without an order.
class Enabling {
public:
    explicit Enabling(Element response) { gather(response, 0); }

    /// nullopt: it cannot be told.
    std::optional<bool> is_enabled(Element question) const {
        const Element conditions = question["enableWhen"];
        if (!conditions) return true;
        const bool any = question["enableBehavior"].text() == "any";
        bool unknown = false;
        for (const Element condition : conditions.items()) {
            const auto met = holds(condition);
            if (!met) unknown = true;
            if (met && *met == any) return any;
        }
        if (unknown) return std::nullopt;
        return !any;
    }

private:
    static constexpr unsigned depth_max = 100;

    void gather(Element owner, unsigned depth) {
        if (depth > depth_max) return;
        for (const Element item : owner["item"].items()) {
            found_[item["linkId"].text()].push_back(item);
            for (const Element answer : item["answer"].items()) gather(answer, depth + 1);
            gather(item, depth + 1);
        }
    }

    /// An order, if the two values have one: below, equal, above.
    static std::optional<int> compare(const Value& answer, const Value& wanted) {
        if (answer.type != wanted.type) return std::nullopt;
        const auto a = answer.element.text(), b = wanted.element.text();
        if (answer.type == "integer" || answer.type == "decimal") {
            double left = 0, right = 0;
            if (std::from_chars(a.data(), a.data() + a.size(), left).ec != std::errc() ||
                std::from_chars(b.data(), b.data() + b.size(), right).ec != std::errc())
                return std::nullopt;
            return left < right ? -1 : left > right ? 1 : 0;
        }
        // Of one precision and without zone the text has the order of time.
        const bool plain = (answer.type == "date" || answer.type == "time") && a.size() == b.size();
        if (!plain) return std::nullopt;
        return a < b ? -1 : a > b ? 1 : 0;
    }

    std::optional<bool> holds(Element condition) const {
        const auto found = found_.find(condition["question"].text());
        if (found != found_.end() && found->second.size() > 1) return std::nullopt;
        const Element answers = found == found_.end() ? Element() : found->second.front()["answer"];
        const auto relation = condition["operator"].text();
        const Value wanted = value_of(condition, "Questionnaire.item.enableWhen", "answer");
        if (relation == "exists") return (answers.size() > 0) == (wanted.element.text() == "true");
        if (!wanted.element) return std::nullopt;
        if (answers.size() == 0) return relation == "!=" ? std::nullopt : std::optional(false);
        bool unknown = false;
        for (const Element answer : answers.items()) {
            const Value value = value_of(answer);
            if (relation == "=" || relation == "!=") {
                if (value.type == "Quantity" || value.type != wanted.type) return std::nullopt;
                if (is_same(value, wanted)) return relation == "=";
                continue;
            }
            const auto order = compare(value, wanted);
            if (!order) unknown = true;
            const bool met = order && (relation == ">"    ? *order > 0
                                       : relation == "<"  ? *order < 0
                                       : relation == ">=" ? *order >= 0
                                                          : *order <= 0);
            if (met) return true;
        }
        if (unknown) return std::nullopt;
        return relation == "!=";
    }

    std::map<std::string_view, std::vector<Element>> found_;
};

/// A QuestionnaireResponse against its Questionnaire: R4, "Using Questionnaires" and the types of the questions.
class ResponseCheck {
public:
    ResponseCheck(Run& run, Element response, Element questionnaire)
        : run_(run),
          is_done_(response["status"].text() == "completed" || response["status"].text() == "amended"),
          enabling_(response) {
        items(response, questionnaire);
    }

private:
    void error(IssueCode code, Element at, std::string text) { run_.error(code, at, std::move(text), "questionnaire"); }

    /// The items of one level: each known, in the order of the questions, as often as they may be, none missing.
    void items(Element owner, Element asked) {
        std::vector<Element> questions;
        for (const Element question : asked["item"].items()) questions.push_back(question);
        std::vector<std::size_t> found(questions.size());
        std::size_t last = 0;
        for (const Element item : owner["item"].items()) {
            const auto at = std::find_if(questions.begin(), questions.end(), [&](Element question) {
                return question["linkId"].text() == item["linkId"].text();
            });
            if (at == questions.end()) {
                if (item["linkId"].has_value())
                    error(IssueCode::not_found, item["linkId"], "the Questionnaire has no such item at this place");
                continue;
            }
            const auto index = static_cast<std::size_t>(at - questions.begin());
            if (index < last) error(IssueCode::structure, item, "items stand in the order of the Questionnaire");
            last = std::max(last, index);
            if (++found[index] == 2 && (*at)["repeats"].text() != "true")
                error(IssueCode::structure, item, "the Questionnaire asks for this item once");
            one(item, *at);
        }
        for (std::size_t i = 0; i < questions.size(); ++i) {
            const Element question = questions[i];
            if (found[i] == 0 && is_wanted(question))
                run_.missing(owner, "item", "an item that the Questionnaire requires is missing", "questionnaire");
        }
    }

    bool is_wanted(Element question) const {
        return is_done_ && question["required"].text() == "true" && enabling_.is_enabled(question) == true;
    }

    void one(Element item, Element question) {
        const auto type = question["type"].text();
        const Element answers = item["answer"];
        if (is_done_ && (answers || item["item"]) && enabling_.is_enabled(question) == false)
            error(IssueCode::structure, item, "the item is answered although other answers turn it off (enableWhen)");
        if (type == "group" || type == "display") {
            if (answers) error(IssueCode::structure, answers, "a " + std::string(type) + " has no answer");
            return items(item, question);
        }
        if (item["item"]) error(IssueCode::structure, item["item"], "items below a question stand in its answer");
        if (answers.size() > 1 && question["repeats"].text() != "true")
            error(IssueCode::structure, answers, "the Questionnaire asks for one answer");
        if (!answers && is_wanted(question))
            run_.missing(item, "answer", "an answer that the Questionnaire requires is missing", "questionnaire");
        for (const Element answer : answers.items()) {
            if (const Value value = value_of(answer); value.element) check(value, question, type);
            items(answer, question);
        }
    }

    void check(const Value& value, Element question, std::string_view type) {
        if (type == "choice" || type == "open-choice") return choice(value, question, type);
        for (const AnswerType& allowed : answer_types)
            if (allowed.item == type &&
                std::find(allowed.values.begin(), allowed.values.end(), value.type) == allowed.values.end())
                error(IssueCode::value, value.element,
                      "a question of type " + std::string(type) + " is not answered by a " + std::string(value.type));
        std::size_t most = 0;
        const auto limit = question["maxLength"].text();
        const auto read = std::from_chars(limit.data(), limit.data() + limit.size(), most);
        if (value.type == "string" && !limit.empty() && read.ec == std::errc() &&
            characters(value.element.text()) > most)
            error(IssueCode::too_long, value.element, "the answer is longer than the Questionnaire allows");
    }

    static std::size_t characters(std::string_view utf8) noexcept {
        return static_cast<std::size_t>(std::count_if(
            utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    }

    void choice(const Value& value, Element question, std::string_view type) {
        if (type == "open-choice" && value.type == "string") return;
        if (const Element options = question["answerOption"]) {
            const auto items = options.items();
            if (std::none_of(items.begin(), items.end(),
                             [&](Element option) { return is_same(value, value_of(option)); }))
                error(IssueCode::code_invalid, value.element, "the answer is none of the Questionnaire's options");
            return;
        }
        if (value.type != "Coding")
            return error(
                IssueCode::value, value.element,
                "a question of type " + std::string(type) + " is not answered by a " + std::string(value.type));
        if (const auto url = question["answerValueSet"].text(); !url.empty() && !url.starts_with('#')) {
            const ValueSet* set = run_.data.terminology->find_value_set(url);
            check_binding(run_, value.element,
                          type == "choice" ? r4::BindingStrength::required : r4::BindingStrength::extensible, set, url,
                          "questionnaire");
        }
    }

    Run& run_;
    bool is_done_;
    Enabling enabling_;  ///< before that, what is required may still come
};

/// Contained, in the bundle, or from outside.
Element questionnaire_of(Run& run, Element response) {
    const auto canonical = response["questionnaire"].text();
    if (canonical.empty()) return {};
    if (canonical.starts_with('#')) return run.find_target(canonical);
    const auto wanted = Canonical::parse(canonical);
    if (run.bundle)
        for (const Element entry : run.bundle->bundle()["entry"].items())
            if (const Element resource = entry["resource"];
                resource.resource_type() == "Questionnaire" && resource["url"].text() == wanted.url)
                return resource;
    return run.options.questionnaire ? run.options.questionnaire(canonical) : Element();
}

}  // namespace

void check_response(Run& run, Element response) {
    const Element questionnaire = questionnaire_of(run, response);
    if (questionnaire.resource_type() == "Questionnaire") ResponseCheck(run, response, questionnaire);
}

}  // namespace causeway::fhir
