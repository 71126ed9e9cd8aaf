// A CTP program for the tests: does what stdin says, a line at a time, and prints what happens.
// Linked like any CTP program; `ctp_client_md` and `ctp_client_td` are this file twice.
#include "client_md.h"
#include "client_td.h"
#include "ctp_api.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#ifdef CLIENT_MD
using ApiType = CThostFtdcMdApi;
using Recorder = MdRecorder;
constexpr int kMethods = kMdMethods;
static ApiType *create(const char *prefix) { return ApiType::CreateFtdcMdApi(prefix); }
#else
using ApiType = CThostFtdcTraderApi;
using Recorder = TraderRecorder;
constexpr int kMethods = kTraderMethods;
static ApiType *create(const char *prefix) { return ApiType::CreateFtdcTraderApi(prefix); }
#endif

constexpr size_t kMostBytes = 4096;  // no struct is longer

static std::mutex printing;

static void say(const std::string &line) {
    const std::lock_guard guard(printing);
    std::cout << line << std::endl;
}

static std::string hex(const void *data, size_t size) {
    std::string text;
    char pair[3];
    for (size_t i = 0; data != nullptr && i < size; ++i) {
        std::snprintf(pair, sizeof pair, "%02x", static_cast<const unsigned char *>(data)[i]);
        text += pair;
    }
    return text.empty() ? "-" : text;
}

static std::vector<unsigned char> bytes_of(const std::string &text) {
    std::vector<unsigned char> bytes(kMostBytes);
    for (size_t i = 0; i + 1 < text.size() && i / 2 < bytes.size(); i += 2) {
        bytes[i / 2] = static_cast<unsigned char>(std::stoi(text.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

class Program final : public Recorder {
public:
    bool act(const std::string &line);

private:
    void on(const char *name, const void *data, size_t size, const CThostFtdcRspInfoField *info,
            int number, bool last) override;
    void call_method(std::istringstream &words);
    void call_all(int request);
    void subscribe(const std::string &name, std::istringstream &words);
    void cycles(int count, const std::string &prefix, const std::string &front);

    ApiType *api_ = nullptr;
    std::map<std::string, std::string> reactions_;  // what to do in a callback, once
    std::mutex guard_;
};

void Program::on(const char *name, const void *data, size_t size,
                 const CThostFtdcRspInfoField *info, int number, bool last) {
    std::ostringstream line;
    line << "event " << name << ' ' << number << ' ' << last << ' '
         << (info ? std::to_string(info->ErrorID) : "-") << ' ' << hex(data, size);
    say(line.str());
    std::string reaction;
    {
        const std::lock_guard lock(guard_);
        auto found = reactions_.extract(name);
        if (!found.empty()) reaction = found.mapped();
    }
    if (!reaction.empty()) act(reaction);
}

void Program::call_method(std::istringstream &words) {
    std::string name, body;
    int request = 0;
    words >> name >> request >> body;
    auto bytes = bytes_of(body);
    const int method = method_of(api_, name.c_str());
    const int code = call(*api_, method, body == "null" ? nullptr : bytes.data(), request);
    say("ret " + name + ' ' + std::to_string(code));
}

// Every request with zeros, with texts that end nowhere, and with null.
void Program::call_all(int request) {
    std::map<int, int> codes;
    for (int method = 0; method < kMethods; ++method) {
        for (const int fill : {0, 0xFF, -1}) {
            std::vector<unsigned char> body(kMostBytes, static_cast<unsigned char>(fill));
            ++codes[call(*api_, method, fill < 0 ? nullptr : body.data(), request)];
        }
    }
    std::string text = "codes";
    for (const auto &[code, times] : codes) {
        text += ' ' + std::to_string(code) + ':' + std::to_string(times);
    }
    say(text);
}

void Program::subscribe([[maybe_unused]] const std::string &name, std::istringstream &words) {
    std::vector<std::string> ids;
    for (std::string id; words >> id;) ids.push_back(id);
    std::vector<char *> pointers;
    for (std::string &id : ids) pointers.push_back(id == "null" ? nullptr : id.data());
    [[maybe_unused]] const int count = static_cast<int>(pointers.size());
    int code = 0;
#ifdef CLIENT_MD
    if (name == "SubscribeMarketData") code = api_->SubscribeMarketData(pointers.data(), count);
    if (name == "UnSubscribeMarketData") code = api_->UnSubscribeMarketData(pointers.data(), count);
    if (name == "SubscribeForQuoteRsp") code = api_->SubscribeForQuoteRsp(pointers.data(), count);
    if (name == "SubscribeNull") code = api_->SubscribeMarketData(nullptr, 3);
    if (name == "SubscribeNone") code = api_->SubscribeMarketData(pointers.data(), -1);
#endif
    say("ret " + name + ' ' + std::to_string(code));
}

static size_t entries(const char *folder) {
    size_t count = 0;
    for ([[maybe_unused]] const auto &entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
}

static std::string held() {
    return std::to_string(entries("/proc/self/task")) + ' ' +
           std::to_string(entries("/proc/self/fd"));
}

void Program::cycles(int count, const std::string &prefix, const std::string &front) {
    std::string address = front;
    for (int i = 0; i < count; ++i) {
        ApiType *api = create(prefix.c_str());
        api->RegisterSpi(this);
        api->RegisterFront(address.data());
        api->Init();
        if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(i % 7));
        api->Release();
    }
    say("held " + held());
}

bool Program::act(const std::string &line) {
    std::istringstream words(line);
    std::string verb, text;
    words >> verb;
    if (verb == "create") {
        words >> text;
        api_ = create(text == "null" ? nullptr : text == "none" ? "" : text.c_str());
    } else if (verb == "spi") {
        api_->RegisterSpi(this);
    } else if (verb == "nospi") {
        api_->RegisterSpi(nullptr);
    } else if (verb == "front") {
        words >> text;
        api_->RegisterFront(text == "null" ? nullptr : text.data());
    } else if (verb == "init") {
        api_->Init();
    } else if (verb == "release") {
        api_->Release();
        say("released");
    } else if (verb == "join") {
        say("joined " + std::to_string(api_->Join()));
    } else if (verb == "day") {
        say("day " + std::string(api_->GetTradingDay()));
    } else if (verb == "version") {
        say("version " + std::string(ApiType::GetApiVersion()));
    } else if (verb == "names") {
        api_->RegisterNameServer(nullptr);
        api_->RegisterFensUserInfo(nullptr);
    } else if (verb == "call") {
        call_method(words);
    } else if (verb == "callall") {
        call_all(5);
    } else if (verb.find("ubscribe") != std::string::npos) {
        subscribe(verb, words);
    } else if (verb == "on") {
        words >> text;
        const std::lock_guard lock(guard_);
        std::getline(words >> std::ws, reactions_[text]);
    } else if (verb == "sleep") {
        int milliseconds = 0;
        words >> milliseconds;
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    } else if (verb == "cycles") {
        int count = 0;
        std::string prefix, front;
        words >> count >> prefix >> front;
        cycles(count, prefix, front);
    } else if (verb == "held") {
        say("held " + held());
#ifndef CLIENT_MD
    } else if (verb == "resume") {
        int mode = 0, public_mode = 0;
        words >> mode >> public_mode;
        api_->SubscribePrivateTopic(static_cast<THOST_TE_RESUME_TYPE>(mode));
        api_->SubscribePublicTopic(static_cast<THOST_TE_RESUME_TYPE>(public_mode));
    } else if (verb == "info") {
        CThostFtdcFrontInfoField info{};
        api_->GetFrontInfo(nullptr);
        api_->GetFrontInfo(&info);
        say("info " + std::to_string(info.QryFreq) + ' ' + std::to_string(info.FTDPkgFreq) + ' ' +
            info.FrontAddr);
#endif
    } else if (verb == "quit") {
        return false;
    }
    return true;
}

int main() {
    // Never destroyed: a program that ends without Release may still be called.
    static Program &program = *new Program;
    for (std::string line; std::getline(std::cin, line);) {
        if (!program.act(line)) break;
    }
    return 0;
}
