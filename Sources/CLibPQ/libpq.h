// libpq as Swift sees it: the public header, and nothing that computes.
#ifndef FAIRLEAD_LIBPQ_H
#define FAIRLEAD_LIBPQ_H

#include <libpq-fe.h>

// PG_DIAG_* are character constants in macros, which Swift imports as signed chars of varying width: named here once.
static inline const char *fairlead_result_sqlstate(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_SQLSTATE); }
static inline const char *fairlead_result_message(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY); }
static inline const char *fairlead_result_detail(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL); }
static inline const char *fairlead_result_hint(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_MESSAGE_HINT); }
static inline const char *fairlead_result_constraint(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME); }

// libpq prints notices to standard error unless told otherwise; a library stays quiet.
static inline void fairlead_ignore_notice(void *context, const PGresult *result) { (void)context; (void)result; }
static inline void fairlead_ignore_notices(PGconn *connection) { PQsetNoticeReceiver(connection, fairlead_ignore_notice, 0); }

#endif
