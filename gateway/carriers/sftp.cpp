#include "gateway/carriers/sftp.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>

#include "gateway/carriers/directory.hpp"

namespace causeway::carriers {

Ended run_sftp_blocking(const exchange::SftpEndpoint& endpoint, const std::string& commands) {
    std::vector<std::string> arguments = {endpoint.program,
                                          "-q",
                                          "-b",
                                          "-",
                                          "-oBatchMode=yes",
                                          "-oStrictHostKeyChecking=yes",
                                          "-oUserKnownHostsFile=" + endpoint.known_hosts,
                                          "-oPort=" + std::to_string(endpoint.port)};
    if (!endpoint.key.empty()) {
        arguments.push_back("-oIdentitiesOnly=yes");
        arguments.push_back("-oIdentityFile=" + endpoint.key);
    }
    arguments.push_back(endpoint.user + "@" + endpoint.host);
    return run_program_blocking(arguments, commands, std::chrono::milliseconds(endpoint.timeout_ms));
}

exchange::Carried SftpCarrier::carry_blocking(const exchange::Outgoing& message) {
    using exchange::FailureClass;
    std::string local = (std::filesystem::temp_directory_path() / "causeway-sftp-XXXXXX").string();
    const int handle = ::mkstemp(local.data());
    if (handle < 0) return carrying_failed(FailureClass::connection, "temporary file: " + errno_code(errno));
    ::close(handle);
    struct Remove {
        const std::string& path;
        ~Remove() { ::unlink(path.c_str()); }
    } const remove{local};
    if (const auto fault = write_file(local, message.message); !fault.empty())
        return carrying_failed(FailureClass::connection, "temporary file: " + fault);
    const auto place = endpoint_.out + "/" + file_name(message, endpoint_.suffix);
    const auto hidden = endpoint_.out + "/." + file_name(message, endpoint_.suffix) + ".part";
    const auto ended = run_sftp_blocking(
        endpoint_, "put \"" + local + "\" \"" + hidden + "\"\nrename \"" + hidden + "\" \"" + place + "\"\n");
    if (ended.code == 0) return {exchange::Carried::Kind::taken, {}, {}, {}};
    if (ended.failure == "timeout") return carrying_failed(FailureClass::timeout, "sftp: timeout");
    if (ended.code == 1) return carrying_failed(FailureClass::application, "sftp: a command failed");
    return carrying_failed(FailureClass::connection, ended.code < 0 ? "sftp: " + ended.failure : "sftp: no connection");
}

std::vector<std::string> names_of_listing(std::string_view listing, std::string_view suffix) {
    std::vector<std::string> names;
    while (!listing.empty()) {
        const auto end = std::min(listing.find('\n'), listing.size());
        auto name = listing.substr(0, end);
        listing.remove_prefix(std::min(end + 1, listing.size()));
        if (name.ends_with('\r')) name.remove_suffix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
        const bool plain = !name.empty() && name.front() != '.' && name.front() != '-' &&
                           std::all_of(name.begin(), name.end(), [](unsigned char c) {
                               return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
                           });
        if (plain && name.ends_with(suffix)) names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace causeway::carriers
