#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "fhir/model/element.hpp"
#include "hl7v2/message_view.hpp"

namespace causeway::exchange {

/// Codes that a site keeps in a file of its own: what has to be reported to public health. Immutable.
///
/// One on a line, alone (`840539006`: of any system) or behind its system as it is sent (`LN|94500-6`,
/// `http://loinc.org|94500-6`); what follows a blank or stands behind a `#` is for people.
class CodeList {
public:
    static constexpr std::size_t codes_max = 100'000;

    /// Null, and `fault` says why, if the file cannot be read, holds no code, or too many.
    static std::shared_ptr<const CodeList> load(const std::string& file, std::string& fault);
    static CodeList parse(std::string_view text);

    std::size_t size() const noexcept { return codes_.size(); }
    bool has(std::string_view system, std::string_view code) const;
    /// Whether a message is about one of them: the service ordered (OBR-4), what was observed (OBX-3), a coded finding
    /// (OBX-5), a diagnosis (DG1-3); by the code or the alternate code.
    bool named_in(const hl7v2::MessageView& message) const;
    /// Whether a Coding anywhere in the resource is one of them.
    bool named_in(fhir::Element resource) const;

private:
    std::set<std::string, std::less<>> codes_;  ///< as in the file: "840539006", "LN|94500-6"
};

}  // namespace causeway::exchange
