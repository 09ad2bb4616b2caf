#pragma once
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>

#include "fhir/json/json.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/rest/rest.hpp"
#include "gateway/rest/search_parameters.hpp"
#include "gateway/rest/terminology_service.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

namespace causeway::tests {

/// What came back from one request.
struct Got {
    unsigned status = 0;
    http::Headers headers;
    std::string body;
    fhir::DocumentPtr document;  ///< null if the body is not JSON

    std::string_view header(std::string_view name) const { return headers.get(name); }
    fhir::Element root() const { return document ? document->root() : fhir::Element(); }
    /// Code of the outcome's first issue.
    std::string_view issue() const { return root()["issue"].item(0)["code"].text(); }
    std::string_view expression() const { return root()["issue"].item(0)["expression"].item(0).text(); }
    std::string_view id() const { return root()["id"].text(); }
    std::size_t entries() const { return root()["entry"].size(); }
    fhir::Element entry(std::size_t i) const { return root()["entry"].item(i); }
    std::string link(std::string_view relation) const {
        for (const auto link : root()["link"].items())
            if (link["relation"].text() == relation) return std::string(link["url"].text());
        return {};
    }
};

/// The FHIR side over a real SQLite store in a folder of its own, called without sockets.
class Gateway {
public:
    static constexpr std::string_view base = "http://test/fhir";
    using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

    /// `door` outlives this; none: everybody may do everything.
    /// `folder`: made by make_folder(), stays; empty: one of its own, which goes.
    explicit Gateway(rest::Settings settings = {}, const security::Door* door = nullptr,
                     const std::filesystem::path& folder = {})
        : own_folder_(folder.empty()),
          folder_(folder.empty() ? make_folder() : folder),
          store_(open(folder_, terminology_, search_parameters_)),
          reads_(*store_),
          writer_(*store_, {std::string(base), 0, [this] { return search_parameters_.current(); }}),
          services_{*store_, door ? *door : door_, &reads_,      clock_,
                    writer_, operations_,          std::nullopt, std::move(settings)},
          rest_(services_) {
        terminology_.attach(*store_);
        services_.terminology = &terminology_;
        writer_.add_observer(terminology_);
        services_.search_parameters = &search_parameters_;
        writer_.add_observer(search_parameters_);
        rest::add_standard_operations(operations_);
        rest::add_terminology_operations(operations_, terminology_);
    }
    ~Gateway() {
        search_parameters_.stop();
        store_->close();
        store_.reset();
        if (own_folder_) std::filesystem::remove_all(folder_);
    }

    Got send(http::Method method, std::string_view target, std::string body = {}, const Headers& headers = {}) {
        http::Request request;
        request.method = method;
        request.target = target.starts_with("http") ? std::string(target.substr(std::string_view("http://test").size()))
                                                    : "/fhir/" + std::string(target);
        request.headers.add("Host", "test");
        bool typed = false;
        for (const auto& [name, value] : headers) {
            request.headers.add(name, value);
            typed = typed || name == "Content-Type";
        }
        if (!body.empty() && !typed) request.headers.add("Content-Type", "application/fhir+json");
        request.id = "test-" + std::to_string(++requests_);
        request.peer = peer_;
        request.principal = principal_;
        request.body = std::move(body);
        struct Sink : http::ReplySink {
            std::promise<http::Response> promise;
            void complete(http::Response response) override { promise.set_value(std::move(response)); }
        };
        const auto sink = std::make_shared<Sink>();
        auto future = sink->promise.get_future();
        if (auto screened = rest_.screen(request)) return got(std::move(*screened));
        rest_.handle(std::move(request), http::Reply(sink));
        return got(future.get());
    }
    Got get(std::string_view target, const Headers& headers = {}) {
        return send(http::Method::get, target, {}, headers);
    }
    Got post(std::string_view target, std::string body, const Headers& headers = {}) {
        return send(http::Method::post, target, std::move(body), headers);
    }
    Got put(std::string_view target, std::string body, const Headers& headers = {}) {
        return send(http::Method::put, target, std::move(body), headers);
    }
    Got erase(std::string_view target, const Headers& headers = {}) {
        return send(http::Method::erase, target, {}, headers);
    }

    /// Creates and returns the id.
    std::string create(const std::string& json) {
        const std::string type(fhir::parse_json(json).value()->root().resource_type());
        const Got made = post(type, json);
        REQUIRE_MESSAGE(made.status == 201, made.body);
        return std::string(made.id());
    }
    /// From now on stored SearchParameters count.
    void start_search_parameters() {
        rest::add_search_parameter_operations(operations_, search_parameters_);
        search_parameters_.start(services_);
    }
    rest::SearchParameters& search_parameters() { return search_parameters_; }
    /// Who is behind the next requests; null: nobody in particular.
    void as(std::shared_ptr<const security::Principal> principal) { principal_ = std::move(principal); }
    storage::Store& store() { return *store_; }
    rest::Services& services() { return services_; }
    rest::Rest& rest() { return rest_; }
    rest::ResourceWriter& writer() { return writer_; }
    rest::Operations& operations() { return operations_; }

    static std::filesystem::path make_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "causeway-rest-XXXXXX").string();
        if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        return pattern;
    }
    const std::filesystem::path& folder() const { return folder_; }

private:
    static std::unique_ptr<storage::Store> open(const std::filesystem::path& folder,
                                                const rest::TerminologyService& terminology,
                                                const rest::SearchParameters& search_parameters) {
        storage::SqliteOptions options;
        options.file = folder / "store.db";
        options.terminology = [&terminology] { return terminology.current(); };
        options.custom_parameters = [&search_parameters] { return search_parameters.current(); };
        return storage::open_sqlite(std::move(options)).value();
    }
    static Got got(http::Response response) {
        Got answer{response.status, response.headers, response.body.to_string(), nullptr};
        if (auto parsed = fhir::parse_json(answer.body)) answer.document = std::move(*parsed);
        return answer;
    }

    bool own_folder_;
    std::filesystem::path folder_;
    rest::SearchParameters search_parameters_;
    rest::TerminologyService terminology_;
    std::unique_ptr<storage::Store> store_;
    security::Door door_;
    security::ReadAudit reads_;
    ops::SystemClock clock_;
    rest::ResourceWriter writer_;
    rest::Operations operations_;
    rest::Services services_;
    rest::Rest rest_;
    std::atomic<int> requests_ = 0;
    std::shared_ptr<const security::Principal> principal_;
    std::shared_ptr<const http::Peer> peer_ = std::make_shared<const http::Peer>(http::Peer{"127.0.0.1", true, false});
};

}  // namespace causeway::tests
