#include "gateway/exchange/merge_content.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "fhir/model/builder.hpp"

namespace causeway::exchange {
namespace {

/// What tells the items of a set apart: the namespace they belong to.
std::string_view origin_of(std::string_view list, fhir::Element item) {
    return item[list == "identifier" ? "system" : "url"].text();
}

bool is_set(std::string_view name) {
    return name == "identifier" || name == "extension" || name == "modifierExtension";
}

/// The members that are one choice element: `valueQuantity` takes the place of `valueString`.
std::string_view choice_stem(std::string_view name) {
    for (const std::string_view stem : {"value", "effective", "occurrence", "onset", "abatement", "performed",
                                        "medication", "deceased", "multipleBirth"}) {
        if (name.starts_with(stem) && name.size() > stem.size() && name[stem.size()] >= 'A' && name[stem.size()] <= 'Z')
            return stem;
    }
    return {};
}

void take_set(fhir::MutableElement root, fhir::Element sent) {
    const auto name = sent.name();
    std::vector<fhir::Element> kept;
    for (const auto item : root.get()[name].items()) {
        const bool same = std::any_of(sent.items().begin(), sent.items().end(), [&](fhir::Element other) {
            return origin_of(name, other) == origin_of(name, item);
        });
        if (!same) kept.push_back(item);
    }
    fhir::DocumentBuilder others;
    std::size_t count = 0;
    for (const auto item : kept) others.root().item(name, count++).copy_from(item);
    root.member(name).copy_from(sent);
    for (const auto item : others.root().get()[name].items()) root.append(name).copy_from(item);
}

}  // namespace

fhir::DocumentPtr merge_content(const fhir::DocumentPtr& stored, const fhir::Document& incoming,
                                std::span<const std::string> erased) {
    auto builder = fhir::DocumentBuilder::edit(stored);
    auto root = builder.root();
    for (const auto sent : incoming.root().children()) {
        const auto name = sent.name();
        if (name == "resourceType" || name == "id" || name == "meta") continue;
        if (const auto stem = choice_stem(name); !stem.empty()) {
            std::vector<std::string> replaced;
            for (const auto member : root.get().children()) {
                if (member.name() != name && choice_stem(member.name()) == stem) replaced.emplace_back(member.name());
            }
            for (const auto& each : replaced) root.remove(each);
        }
        if (is_set(name)) {
            take_set(root, sent);
        } else {
            root.member(name).copy_from(sent);
        }
    }
    for (const auto& path : erased) {
        const auto dot = path.find('.');
        if (dot == std::string::npos || path.find('.', dot + 1) != std::string::npos) continue;
        root.remove(path.substr(dot + 1, path.find('[') - dot - 1));
    }
    return std::move(builder).finish();
}

}  // namespace causeway::exchange
