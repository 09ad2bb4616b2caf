#include "gateway/exchange/script/script_xml.hpp"

#include <algorithm>

namespace causeway::exchange::script {
namespace {

constexpr int depth_max = 64;

bool too_deep(pugi::xml_node root) {
    int depth = 0;
    for (auto node = root; node;) {
        if (depth > depth_max) return true;
        if (node.first_child()) {
            node = node.first_child();
            ++depth;
            continue;
        }
        while (node && !node.next_sibling()) {
            if (node == root) return false;
            node = node.parent();
            --depth;
        }
        if (node == root) return false;
        node = node.next_sibling();
    }
    return false;
}

pugi::xml_node child(pugi::xml_node node, std::string_view name) {
    for (auto each : node.children())
        if (each.type() == pugi::node_element && local_name(each) == name) return each;
    return {};
}

std::string_view next(std::string_view& path, char separator) {
    const auto end = std::min(path.find(separator), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    return part;
}

class Text final : public pugi::xml_writer {
public:
    std::string text;
    void write(const void* data, std::size_t size) override { text.append(static_cast<const char*>(data), size); }
};

}  // namespace

std::string_view local_name(pugi::xml_node node) {
    const std::string_view name = node.name();
    return name.substr(name.find(':') == std::string_view::npos ? 0 : name.find(':') + 1);
}

bool load(pugi::xml_document& document, std::string_view xml) {
    const auto result = document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_doctype);
    if (result.status != pugi::status_ok) return false;
    for (auto each : document.children())
        if (each.type() == pugi::node_doctype) return false;
    const auto root = document.document_element();
    return local_name(root) == "Message" && !too_deep(root);
}

pugi::xml_node find(pugi::xml_node from, std::string_view path) {
    while (!path.empty()) {
        auto way = next(path, '|');
        auto node = from;
        while (node && !way.empty()) node = child(node, next(way, '/'));
        if (node) return node;
    }
    return {};
}

std::string text(pugi::xml_node from, std::string_view path) {
    const auto node = path.empty() ? from : find(from, path);
    std::string_view value = node.child_value();
    constexpr std::string_view blank = " \t\r\n";
    const auto begin = value.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return std::string(value.substr(begin, value.find_last_not_of(blank) - begin + 1));
}

pugi::xml_node make(pugi::xml_node from, std::string_view path) {
    while (!path.empty()) {
        const std::string name(next(path, '/'));
        auto node = from.child(name.c_str());
        from = node ? node : from.append_child(name.c_str());
    }
    return from;
}

void put(pugi::xml_node from, std::string_view path, std::string_view value) {
    if (value.empty()) return;
    make(from, path).text().set(std::string(value).c_str());
}

pugi::xml_node begin_message(pugi::xml_document& document) {
    auto root = document.append_child("Message");
    for (const char* name : {"DatatypesVersion", "TransportVersion", "StructuresVersion", "ECLVersion"})
        root.append_attribute(name) = "20170715";
    root.append_attribute("TransactionDomain") = "SCRIPT";
    root.append_attribute("TransactionVersion") = "20170715";
    root.append_child("Header");
    root.append_child("Body");
    return root;
}

std::string print(const pugi::xml_document& document) {
    Text out;
    out.text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    document.save(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
    return std::move(out.text);
}

}  // namespace causeway::exchange::script
