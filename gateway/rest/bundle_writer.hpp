#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::rest {

/// Writes a Bundle's JSON front to back. Resources go in as they are stored, without being parsed.
/// Calls come in the order of the declarations; each entry is begun, filled and ended.
class BundleWriter {
public:
    BundleWriter(std::string_view type, std::int64_t at_us);
    void total(std::uint64_t count);
    void link(std::string_view relation, std::string_view url);

    void begin_entry();
    void full_url(std::string_view base, std::string_view type, std::string_view id);
    void full_url(std::string_view url);
    /// Appends the resource through `out`, which is the JSON under construction.
    template <class Append>
    void resource(Append append) {
        member("resource");
        append(json_);
    }
    void search(std::string_view mode, double score = -1);
    void request(std::string_view method, std::string_view url);
    /// Empty and zero parts are left out.
    void response(std::string_view status, std::string_view location, std::int64_t version, std::int64_t at_us,
                  std::string_view outcome = {});
    void end_entry();

    std::string finish() &&;

private:
    void member(std::string_view name);
    void text(std::string_view name, std::string_view value, bool& first);

    std::string json_;
    bool in_links_ = false;
    bool in_entries_ = false;
    bool entry_empty_ = true;
};

}  // namespace causeway::rest
