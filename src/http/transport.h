// Transport: the bytes of one connection, over TCP or TLS; the protocol is above, in Connection.
//
// Ownership: the connection owns its transport; a transport outlives its own pending operations.
// Threads: one server thread. A listener is never called from inside read(), write() or close().
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fermata::http {

class TransportListener {
  public:
    TransportListener() = default;
    TransportListener(const TransportListener&) = delete;
    TransportListener& operator=(const TransportListener&) = delete;
    virtual ~TransportListener() = default;

    virtual void opened(bool success) = 0;  // the TLS handshake is over; at once without TLS
    virtual void received(std::string_view bytes) = 0;
    virtual void received_end() = 0;  // the peer sends no more
    virtual void progressed() = 0;    // some bytes were written, more are to be
    virtual void written() = 0;       // all that write() did not write at once
    virtual void failed() = 0;        // nothing more can be read or written
    virtual void ended() = 0;         // end() is through
};

class Transport {
  public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    virtual void open() = 0;
    // One read; the listener hears of it by received(), received_end() or failed().
    virtual void read() = 0;
    // Swaps the bytes in. True: all are written already. False: written() or failed() follows, and
    // there must be no second write() before.
    virtual bool write(std::string& bytes) = 0;
    // Tells the peer, in order, that no more bytes come (TLS close_notify, FIN); then ended().
    virtual void end() = 0;
    // At once; the listener is not called any more.
    virtual void close() = 0;
};

}  // namespace fermata::http
