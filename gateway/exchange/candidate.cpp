#include "gateway/exchange/candidate.hpp"

#include "fhir/model/builder.hpp"

namespace causeway::exchange {
namespace {

/// All `reference` members below, with their replacements. Iterative: a document may be deep.
std::vector<std::pair<fhir::Element, const std::string*>> find_references(
    fhir::Element root, const std::unordered_map<std::string, std::string>& targets) {
    std::vector<std::pair<fhir::Element, const std::string*>> found;
    std::vector<fhir::Element> open = {root};
    while (!open.empty()) {
        const auto element = open.back();
        open.pop_back();
        for (const auto child : element.children()) {
            if (child.kind() == fhir::Kind::string) {
                if (child.name() != "reference") continue;
                if (const auto at = targets.find(std::string(child.text())); at != targets.end())
                    found.emplace_back(child, &at->second);
            } else if (child.kind() == fhir::Kind::object || child.kind() == fhir::Kind::array) {
                open.push_back(child);
            }
        }
    }
    return found;
}

}  // namespace

fhir::DocumentPtr rewrite_references(const fhir::DocumentPtr& document,
                                     const std::unordered_map<std::string, std::string>& targets) {
    if (targets.empty() || find_references(document->root(), targets).empty()) return document;
    auto builder = fhir::DocumentBuilder::edit(document);
    for (const auto& [element, target] : find_references(builder.root().get(), targets))
        builder.handle(element).set_string(*target);
    return std::move(builder).finish();
}

ReferenceParts relative_reference(fhir::Element element) {
    const auto text = element["reference"].text();
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || text.find(':') != std::string_view::npos) return {};
    const auto id = text.substr(slash + 1);
    return {text.substr(0, slash), id.substr(0, id.find('/'))};
}

}  // namespace causeway::exchange
