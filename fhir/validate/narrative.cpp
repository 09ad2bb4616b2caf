#include <algorithm>
#include <array>

#include "fhir/validate/primitive.hpp"
#include "fhir/validate/run.hpp"
#include "fhir/xml/scan.hpp"

namespace causeway::fhir {

namespace {

// XHTML 1.0, chapters 7 to 11 and 15, as R4 allows them in a narrative; sorted.
constexpr auto elements = std::to_array<std::string_view>(
    {"a",     "abbr", "acronym", "address",  "area",  "b",     "bdo",  "big",    "blockquote", "br",  "caption",
     "cite",  "code", "col",     "colgroup", "dd",    "dfn",   "div",  "dl",     "dt",         "em",  "h1",
     "h2",    "h3",   "h4",      "h5",       "h6",    "hr",    "i",    "img",    "kbd",        "li",  "map",
     "ol",    "p",    "pre",     "q",        "samp",  "small", "span", "strong", "sub",        "sup", "table",
     "tbody", "td",   "tfoot",   "th",       "thead", "tr",    "tt",   "ul",     "var"});
constexpr auto attributes = std::to_array<std::string_view>(
    {"abbr",     "accesskey", "align",     "alt",   "axis",    "border", "cellpadding", "cellspacing", "char",
     "charoff",  "charset",   "cite",      "class", "colspan", "coords", "dir",         "frame",       "headers",
     "height",   "href",      "hreflang",  "id",    "ismap",   "lang",   "longdesc",    "name",        "nohref",
     "rel",      "rev",       "rowspan",   "rules", "scope",   "shape",  "span",        "src",         "start",
     "style",    "summary",   "tabindex",  "title", "type",    "usemap", "valign",      "value",       "width",
     "xml:base", "xml:lang",  "xml:space", "xmlns"});
static_assert(std::is_sorted(elements.begin(), elements.end()));
static_assert(std::is_sorted(attributes.begin(), attributes.end()));

template <class List>
bool in(const List& list, std::string_view name) noexcept {
    return std::binary_search(list.begin(), list.end(), name);
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_script(std::string_view value) noexcept {
    std::string folded;
    for (const char c : value.substr(0, 24))
        if (!is_space(c)) folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return folded.starts_with("javascript:") || folded.starts_with("vbscript:") || folded.starts_with("data:text/html");
}

/// The fault of one tag's attributes; empty if there is none. `tag` is from '<' to '>' and well-formed.
std::string attribute_fault(std::string_view tag, std::size_t name_size) {
    std::size_t at = 1 + name_size;
    for (;;) {
        while (at < tag.size() && is_space(tag[at])) ++at;
        if (at >= tag.size() || tag[at] == '>' || tag[at] == '/') return {};
        const std::size_t from = at;
        while (at < tag.size() && tag[at] != '=' && !is_space(tag[at])) ++at;
        const auto name = tag.substr(from, at - from);
        at = tag.find_first_of("\"'", at);
        const auto end = tag.find(tag[at], at + 1);
        const auto value = tag.substr(at + 1, end - at - 1);
        if (!in(attributes, name)) return "the attribute '" + std::string(name) + "' is not allowed in a narrative";
        if (is_script(value)) return "a script in an attribute is not allowed in a narrative";
        at = end + 1;
    }
}

std::string markup_fault(std::string_view div) {
    for (auto at = div.find('<'); at != std::string_view::npos;) {
        const xml::Markup markup = xml::read_markup(div, at);
        if (markup.kind == xml::Markup::Kind::open || markup.kind == xml::Markup::Kind::empty) {
            if (!in(elements, markup.name))
                return "the element '" + std::string(markup.name) + "' is not allowed in a narrative";
            auto fault = attribute_fault(div.substr(at, markup.end - at), markup.name.size());
            if (!fault.empty()) return fault;
        }
        at = div.find('<', markup.end);
    }
    return {};
}

bool has_content(std::string_view div) noexcept {
    for (std::size_t at = 0; at < div.size();) {
        if (div[at] != '<') {
            if (!is_space(div[at])) return true;
            ++at;
            continue;
        }
        const xml::Markup markup = xml::read_markup(div, at);
        const auto text = div.substr(at, markup.end - at);
        if (markup.name == "img" || (text.starts_with("<![CDATA[") && text.size() > 12)) return true;
        at = markup.end;
    }
    return false;
}

}  // namespace

void check_narrative(Run& run, Element div) {
    if (div.kind() != Kind::string) return;
    const auto text = div.text();
    const auto fail = [&](std::string what, std::string_view rule) {
        run.report(Severity::error, IssueCode::invariant, div, std::move(what), rule);
    };
    if (!xml::is_well_formed_element(text)) return fail("the div is not one well-formed XML element", "txt-1");
    const auto name = xml::read_markup(text, 0).name;
    if (name != "div") return fail("the narrative's element must be a div in the default namespace", "txt-1");
    const auto head = text.substr(0, xml::read_markup(text, 0).end);
    if (head.find(xml::xhtml_namespace) == std::string_view::npos)
        return fail("the div must be in the namespace http://www.w3.org/1999/xhtml", "txt-1");
    // active content was reported by the structure
    if (auto fault = markup_fault(text); !fault.empty() && !has_active_content(text))
        return fail(std::move(fault), "txt-1");
    if (!has_content(text)) fail("the narrative has no content", "txt-2");
}

}  // namespace causeway::fhir
