//! Whose rows a signed-in reader may reach: each table behind a barrier that keeps the rows of given schools and lets no condition of a
//! question down to the others, nor a count of them up.
//!
//! A view with a `WHERE` would not do: the planner moves conditions below it, and a condition that fails on another school's row (a
//! division by zero, a cast) tells of that row. So the barrier is a step of the plan of its own: it hands down nothing but plain bounds
//! on day, time and school, which can't fail, and says nothing of the rows it read.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator, TableProviderFilterPushDown, col};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::ChildrenPropertiesMode;
use datafusion::physical_plan::filter_pushdown::{ChildFilterDescription, FilterDescription, FilterPushdownPhase};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;
use weir_lake::ids::SchoolId;

/// Whose rows a reader may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every school: an administrator.
    All,
    /// These schools and no other.
    Schools(BTreeSet<SchoolId>),
}

impl Scope {
    /// One school.
    pub fn one(school: SchoolId) -> Self {
        Scope::Schools(BTreeSet::from([school]))
    }

    /// Whether a school is within it.
    pub fn holds(&self, school: &SchoolId) -> bool {
        match self {
            Scope::All => true,
            Scope::Schools(schools) => schools.contains(school),
        }
    }
}

/// The column that says whose a row is.
const SCHOOL: &str = "school_id";

/// Columns whose bounds may pass the barrier: a comparison of them with a constant can't fail and tells nothing.
const PASSING: [&str; 3] = [SCHOOL, "event_date", "event_time"];

/// A table of which only some schools' rows exist.
pub(crate) struct ScopedTable {
    inner: Arc<dyn TableProvider>,
    schools: Vec<Expr>,
    school_index: usize,
}

impl ScopedTable {
    /// None where the table does not say whose its rows are.
    pub(crate) fn new(inner: Arc<dyn TableProvider>, schools: &BTreeSet<SchoolId>) -> Option<Self> {
        let school_index = inner.schema().index_of(SCHOOL).ok()?;
        let kind = inner.schema().field(school_index).data_type().clone();
        let schools = schools
            .iter()
            .filter_map(|school| ScalarValue::from(school.as_str()).cast_to(&kind).ok())
            .map(|school| Expr::Literal(school, None))
            .collect();
        Some(Self { inner, schools, school_index })
    }
}

impl fmt::Debug for ScopedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopedTable")
    }
}

/// Whether a condition can neither fail on a row nor tell of it.
fn may_pass(condition: &Expr) -> bool {
    let bound = |expr: &Expr| matches!(expr, Expr::Column(column) if PASSING.contains(&column.name.as_str()));
    let constant = |expr: &Expr| matches!(expr, Expr::Literal(..));
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And | Operator::Or, right }) => may_pass(left) && may_pass(right),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let compares = matches!(op, Operator::Eq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
            compares && (bound(left) && constant(right) || constant(left) && bound(right))
        }
        Expr::Between(Between { expr, negated: false, low, high }) => bound(expr) && constant(low) && constant(high),
        Expr::InList(InList { expr, list, negated: false }) => bound(expr) && list.iter().all(constant),
        _ => false,
    }
}

#[async_trait]
impl TableProvider for ScopedTable {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let pushed = |filter: &&Expr| match may_pass(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(pushed).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.inner.schema();
        let wanted = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        let passing: Vec<Expr> = filters.iter().filter(|filter| may_pass(filter)).cloned().collect();
        let mut read = wanted.clone();
        let mut needed = vec![self.school_index];
        for filter in &passing {
            needed.extend(filter.column_refs().iter().filter_map(|column| schema.index_of(&column.name).ok()));
        }
        for index in needed {
            if !read.contains(&index) {
                read.push(index);
            }
        }
        // No school at all is an empty list, which keeps nothing.
        let mine = col(SCHOOL).in_list(self.schools.clone(), false);
        let keep = conjunction(passing.into_iter().chain([mine.clone()])).unwrap_or(mine);
        let rows = Arc::new(schema.project(&read)?);
        let predicate = state.create_physical_expr(keep.clone(), &DFSchema::try_from(Arc::clone(&rows))?)?;
        let input = self.inner.scan(state, Some(&read), &[keep], None).await?;
        Ok(Arc::new(Barrier::new(input, predicate, (0..wanted.len()).collect())?))
    }
}

/// Hands up the rows that are the reader's, and nothing of the others: no count, no bounds, and no condition goes down through it.
#[derive(Debug)]
struct Barrier {
    input: Arc<dyn ExecutionPlan>,
    keep: Arc<dyn PhysicalExpr>,
    columns: Vec<usize>,
    properties: Arc<PlanProperties>,
}

impl Barrier {
    fn new(input: Arc<dyn ExecutionPlan>, keep: Arc<dyn PhysicalExpr>, columns: Vec<usize>) -> Result<Self> {
        let schema = Arc::new(input.schema().project(&columns)?);
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self { input, keep, columns, properties: Arc::new(properties) })
    }
}

impl DisplayAs for Barrier {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Barrier")
    }
}

fn kept(batch: &RecordBatch, keep: &dyn PhysicalExpr, columns: &[usize]) -> Result<RecordBatch> {
    let mask = keep.evaluate(batch)?.into_array(batch.num_rows())?;
    let mask =
        mask.as_boolean_opt().ok_or_else(|| DataFusionError::Internal("the condition on schools is no truth value".into()))?;
    Ok(filter_record_batch(&batch.project(columns)?, mask)?)
}

impl ExecutionPlan for Barrier {
    fn name(&self) -> &'static str {
        "Barrier"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        f(&self.keep)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("the barrier stands on one input".into()))?;
        Ok(Arc::new(Self::new(input, Arc::clone(&self.keep), self.columns.clone())?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let (keep, columns) = (Arc::clone(&self.keep), self.columns.clone());
        let rows = input.map(move |batch| kept(&batch?, keep.as_ref(), &columns));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    /// Its own condition goes down, so that files and pages of other schools are not read; nobody else's does.
    fn gather_filters_for_pushdown(
        &self,
        phase: FilterPushdownPhase,
        above: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        let mut child = ChildFilterDescription::all_unsupported(&above);
        if matches!(phase, FilterPushdownPhase::Pre) {
            child = child.with_self_filter(Arc::clone(&self.keep));
        }
        Ok(FilterDescription::new().with_child(child))
    }
}
