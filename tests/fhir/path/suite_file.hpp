#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::test {

/// One test of an XML suite file in the form that the FHIRPath tests have: attributes, an expression, outputs.
struct SuiteTest {
    std::string name, input, mode, predicate, expression, invalid;
    struct Output {
        std::string type, text;
    };
    std::vector<Output> outputs;
};

/// Enough XML for such a file: tags, attributes, comments, CDATA, the five entities and character references.
class SuiteReader {
public:
    explicit SuiteReader(std::string text) : text_(std::move(text)) { drop_comments(); }

    std::vector<SuiteTest> read() {
        std::vector<SuiteTest> tests;
        std::string attributes, body;
        for (std::size_t at = 0; take("test", text_, at, attributes, body);) {
            SuiteTest test{attribute(attributes, "name"),
                           attribute(attributes, "inputfile"),
                           attribute(attributes, "mode"),
                           attribute(attributes, "predicate"),
                           {},
                           {},
                           {}};
            std::string inner, content;
            std::size_t inside = 0;
            if (take("expression", body, inside, inner, content)) {
                test.expression = decode(content);
                test.invalid = attribute(inner, "invalid");
                if (const std::string mode = attribute(inner, "mode"); !mode.empty()) test.mode = mode;
            }
            for (inside = 0; take("output", body, inside, inner, content);)
                test.outputs.push_back({attribute(inner, "type"), decode(content)});
            tests.push_back(std::move(test));
        }
        return tests;
    }

    static std::string attribute(const std::string& attributes, const std::string& name) {
        for (std::size_t at = attributes.find(name + "="); at != std::string::npos;
             at = attributes.find(name + "=", at + 1)) {
            if (at > 0 && attributes[at - 1] != ' ' && attributes[at - 1] != '\t' && attributes[at - 1] != '\n')
                continue;
            const char quote = attributes[at + name.size() + 1];
            const std::size_t start = at + name.size() + 2;
            return decode(attributes.substr(start, attributes.find(quote, start) - start));
        }
        return {};
    }

    /// The next element `name` from `at` on, which moves behind it.
    static bool take(const std::string& name, const std::string& text, std::size_t& at, std::string& attributes,
                     std::string& body) {
        for (std::size_t open = text.find("<" + name, at); open != std::string::npos;
             open = text.find("<" + name, open + 1)) {
            const std::size_t end_of_name = open + name.size() + 1;
            const char after = text[end_of_name];
            if (after != ' ' && after != '>' && after != '/' && after != '\t' && after != '\n' && after != '\r')
                continue;
            std::size_t close = end_of_name;
            for (char quote = 0; close < text.size() && (quote != 0 || text[close] != '>'); ++close) {
                if (quote != 0) {
                    if (text[close] == quote) quote = 0;
                } else if (text[close] == '"' || text[close] == '\'') {
                    quote = text[close];
                }
            }
            attributes = text.substr(end_of_name, close - end_of_name);
            if (!attributes.empty() && attributes.back() == '/') {
                attributes.pop_back();
                body.clear();
                at = close + 1;
                return true;
            }
            const std::size_t end = text.find("</" + name + ">", close);
            if (end == std::string::npos) return false;
            body = text.substr(close + 1, end - close - 1);
            at = end;
            return true;
        }
        return false;
    }

    static std::string decode(std::string_view text) {
        std::string out;
        for (std::size_t at = 0; at < text.size();) {
            if (text.substr(at).starts_with("<![CDATA[")) {
                const std::size_t end = text.find("]]>", at);
                out += text.substr(at + 9, end - at - 9);
                at = end + 3;
                continue;
            }
            if (text[at] != '&') {
                out += text[at++];
                continue;
            }
            const std::size_t end = text.find(';', at);
            const std::string_view name = text.substr(at + 1, end - at - 1);
            for (const auto& [entity, value] : {std::pair<std::string_view, char>{"lt", '<'},
                                                {"gt", '>'},
                                                {"amp", '&'},
                                                {"quot", '"'},
                                                {"apos", '\''}}) {
                if (name == entity) out += value;
            }
            if (name.starts_with("#")) out += static_cast<char>(std::stoi(std::string(name.substr(1))));
            at = end + 1;
        }
        return out;
    }

private:
    void drop_comments() {
        for (std::size_t at = text_.find("<!--"); at != std::string::npos; at = text_.find("<!--", at))
            text_.erase(at, text_.find("-->", at) + 3 - at);
    }

    std::string text_;
};

}  // namespace causeway::test
