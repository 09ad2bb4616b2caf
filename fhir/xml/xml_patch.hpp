#pragma once
#include <memory>
#include <string>

#include "fhir/model/document.hpp"
#include "fhir/model/limits.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir {

/// An XML Patch, RFC 5261, for resources: `add` (with pos and type), `replace` and `remove`, all of them or none.
///
/// A selector is a path of child steps with predicates; it must name exactly one node. Axes, `//` and `..` are refused: a
/// few letters of them make a document's size squared of work. Prefixes must be bound to FHIR's namespace or XHTML's;
/// names without one are taken as theirs too. Immutable, cheap to copy, used from any thread.
///
/// Errors as in fhir/patch/patch.hpp: Errc::wrong_shape, this is no such patch (400); Errc::evaluation, it cannot be
/// applied (422). The path says which operation, counted from 0: `diff/*[2]`.
class XmlPatch {
public:
    static Result<XmlPatch> parse(std::string bytes, const Limits& limits = {});

    /// Elements that a removal leaves empty go too, as with the other patches.
    Result<DocumentPtr> apply(const DocumentPtr& document) const;

private:
    struct Parts;
    explicit XmlPatch(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
    std::shared_ptr<const Parts> parts_;
};

}  // namespace causeway::fhir
